"""What the executor knows of each resource type: one declarative file per service.

The catalog says how to list, read, name, compare, seed and recognise resources, and what
each operation means for them. It makes no calls itself.
"""
