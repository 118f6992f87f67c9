"""Work on what others made, in a process of its own that may take only so much time and memory, and can be ended.

`task` says what there is to do, `process` does it, `places` lets everybody have a turn, `__main__` is the process.
Nothing is imported here: the process that does the work begins with this file, and somebody waits for it.
"""
