"""The program that runs inside a confinement, before and beside the command.

It is process 1 of the confinement: it answers host names, leads connections to the gateway,
looks whether the confinement holds what it promises, starts the command, and at its end ends
whatever is left. The command waits for it, so it imports nothing but built-in modules; it is
mounted alone, without the package it lies in, and must not import anything of that.
"""
