"""The planner: pure Python over frozen snapshots. It knows no Django and does no I/O.

What it reads: `protocols` (steps, gaps), `day` (the diary), `plans` (the question and the answer).
The policy: `rules` and `spacing`, one function a refusal, over visits `placed` in a diary;
`preferences`, one function a weight. `shape` tells what a step takes, `words` how to say it.
Nurses: `cover` assigns; `pool` and `ward` count lanes; `settle` and `repack` share out anew.
A series: `frame` puts steps in time order, `starts` draws every feasible minute (`grid` the clock),
`tables` and `pairs` the cheapest of a day, `series` finds the best days, `drawn` and `variants`
enumerate therapists and bands, `fallback` gives up a weekday, `variety` offers what differs,
`naming` names rooms and people, `reasons` says why. `search.propose` is the way in.
Nothing fits: `blocked` finds the true blocker, `obstacles` tells it, `relax` the way out.
One visit: `single`, and `nearest` to when it was asked for; windows for a timeline: `windows`.
"""
