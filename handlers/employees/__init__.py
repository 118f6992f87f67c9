"""/employees and every change of an employee."""
