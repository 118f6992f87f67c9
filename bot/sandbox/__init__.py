"""Run tasks on untrusted input in a subprocess with limits of time and memory.

`task` describes a task, `process` runs it, `slots` queues tasks fairly, `__main__` is the subprocess. Import no module
here: the subprocess imports this file first, and a person waits for it.
"""
