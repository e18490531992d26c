"""Attempts to get out of a confinement; each is shown to fail in it, and to work without.

An attempt is a Python program that prints `ESCAPED` when it got what it wanted. Attempts that
take resources stop by themselves at an amount that harms no machine.
"""
