"""Patients and staff from a file: read, map, check; nothing here touches the database.

`table` reads the file, `fields` says what a cell may hold, `patients` and `staff` judge the rows
against what is known, `outcome` is what they say. Services write what was found good.
"""
