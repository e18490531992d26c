"""A network from which a container reaches nothing but this machine's end of the bridge.

Docker publishes no ports of an `internal` network, and a sandbox has to answer on loopback. So
this is a bridge without masquerading whose default route leads to an address that nobody has:
published ports work, because Docker's proxy is a neighbour, and everything further away is
"no route to host". Each sandbox has its own, so sandboxes do not see each other.

Known limit: services of this machine that listen on all addresses are neighbours as well.
"""

from __future__ import annotations

import ipaddress
import random
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.networks import Network

# Reserved for benchmarks, so neither the internet nor, usually, a private network has them; and
# Docker's own pools, of some thirty networks, are left to others.
_POOL: Final = ipaddress.IPv4Network("198.19.0.0/16")
_PREFIX: Final = 28
_ATTEMPTS: Final = 8
_ROUTES: Final = Path("/proc/net/route")


def make_dead_end(client: DockerClient, name: str, labels: Mapping[str, str]) -> Network:
    """Make a network.

    Args:
        client: the Docker connection.
        name: what to call it.
        labels: say whose it is.

    Raises:
        docker.errors.APIError: it cannot be made.
    """
    from docker.errors import APIError
    from docker.types import IPAMConfig, IPAMPool

    subnets = free_subnets(_routes(), random.SystemRandom())
    for attempt in range(1, _ATTEMPTS + 1):
        subnet = next(subnets)
        pool = IPAMPool(
            subnet=str(subnet),
            gateway=str(subnet[1]),
            aux_addresses={"DefaultGatewayIPv4": str(subnet[-2])},
        )
        try:
            return client.networks.create(
                name,
                driver="bridge",
                options={
                    "com.docker.network.bridge.enable_ip_masquerade": "false",
                    "com.docker.network.bridge.enable_icc": "false",
                },
                ipam=IPAMConfig(pool_configs=[pool]),
                labels=dict(labels),
                enable_ipv6=False,
            )
        except APIError as error:
            # Docker knows which of its networks overlap; anything else will not get better.
            if attempt == _ATTEMPTS or "overlap" not in str(error).lower():
                raise
    raise AssertionError("the last attempt returns or raises")


def free_subnets(
    routes: tuple[ipaddress.IPv4Network, ...], chance: random.Random
) -> Iterator[ipaddress.IPv4Network]:
    """Yield subnets in random order, without end, that no route of this machine overlaps.

    Args:
        routes: where this machine's routes lead.
        chance: decides the order.
    """
    near = [r for r in routes if r.prefixlen and r.overlaps(_POOL)]
    every = list(_POOL.subnets(new_prefix=_PREFIX))
    # Where all of it is routed somewhere, Docker still refuses what its own networks overlap.
    free = [s for s in every if not any(s.overlaps(r) for r in near)] or every
    while True:
        yield chance.choice(free)


def _routes() -> tuple[ipaddress.IPv4Network, ...]:
    try:
        lines = _ROUTES.read_text().splitlines()[1:]
    except OSError:
        return ()  # another system, where Docker has a machine of its own
    fields = [line.split() for line in lines]
    return tuple(route_of(f[1], f[7]) for f in fields if len(f) > 7)


def route_of(destination: str, mask: str) -> ipaddress.IPv4Network:
    """Return a route as the kernel prints it: hexadecimal, the bytes in the machine's order."""
    bits = bin(int(mask, 16)).count("1")
    address = int.from_bytes(int(destination, 16).to_bytes(4, sys.byteorder), "big")
    return ipaddress.IPv4Network((address, bits), strict=False)
