// The processor's own form for a card, in a frame of its own: nothing of it can be read from here.

const form = document.getElementById("pay");
const checks = document.querySelector("[data-checks]");

// Back from the bank: ask what became of it.
if (checks) checks.requestSubmit();

if (form) {
  const button = document.getElementById("pay-now");
  const problem = document.getElementById("pay-problem");
  const say = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  if (!window.Stripe) {
    say("The card form could not be loaded. Try again, or ring the clinic.");
  } else {
    const stripe = window.Stripe(form.dataset.publishable);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const elements = stripe.elements({
      clientSecret: form.dataset.secret,
      appearance: { theme: dark ? "night" : "stripe" },
    });
    const element = elements.create("payment");
    element.on("ready", () => (button.disabled = false));
    element.mount("#pay-element");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      say("");
      const { error } = await stripe.confirmPayment({
        elements,
        confirmParams: { return_url: form.dataset.back },
        redirect: "if_required",
      });
      if (!error) return form.submit();
      say(error.message);
      button.disabled = false;
    });
  }
}
