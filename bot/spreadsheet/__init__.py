"""Read and write tables: CSV and Excel. Pure, but slow: run in the sandbox (`bot.sandbox`).

A cell that a spreadsheet would take for a formula is written with a leading apostrophe, Excel's own mark for text,
which is removed when such a table is read.
"""
