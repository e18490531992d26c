"""The warm executor: a background server that has the executor in memory and forks a run.

    client.py      what `dry-run` starts with: is there a server for this? else go on alone
    standing.py    what a process may do and see; only equals are served
    talking.py     what the two say to each other
    serving.py     the program of the server
    server.py      serves clients, ends what they leave behind
    served.py      clients and workers, as the server knows them
    births.py      forks workers, one of them ahead
    worker.py      a fork becomes what the client would have been
    preloading.py  what is loaded before anybody asks

`docs/warm.md` says what is promised, and what is refused.
"""
