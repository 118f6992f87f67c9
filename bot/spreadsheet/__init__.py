"""Tables as files: CSV and Excel in, CSV and Excel out. Pure, and slow: done in a process of its own (`bot.sandbox`).

A cell that a spreadsheet would take for a formula is written with an apostrophe in front, which Excel itself uses to
say "this is text", and which is taken off again when such a table is read.
"""
