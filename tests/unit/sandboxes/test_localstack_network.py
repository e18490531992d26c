"""Which addresses a sandbox's network takes."""

from __future__ import annotations

import random
import sys
from ipaddress import IPv4Network
from itertools import islice

import pytest

from sandboxes.localstack.network import free_subnets, route_of

POOL = IPv4Network("198.19.0.0/16")


def some(*routes: str) -> list[IPv4Network]:
    given = tuple(IPv4Network(route) for route in routes)
    return list(islice(free_subnets(given, random.Random(1)), 50))


def test_subnets_come_from_the_pool_and_differ() -> None:
    subnets = some()
    assert all(subnet.subnet_of(POOL) for subnet in subnets)
    assert len(set(subnets)) > 40


def test_what_is_routed_already_is_left_alone() -> None:
    taken = "198.19.0.0/17"
    assert not any(subnet.overlaps(IPv4Network(taken)) for subnet in some(taken, "10.0.0.0/8"))


def test_the_default_route_takes_nothing() -> None:
    assert len(set(some("0.0.0.0/0"))) > 40


def test_where_all_is_routed_docker_decides() -> None:
    assert some("198.18.0.0/15")


@pytest.mark.skipif(sys.byteorder != "little", reason="the samples are of a little-endian machine")
def test_routes_are_read_as_the_kernel_prints_them() -> None:
    assert route_of("000011AC", "0000FFFF") == IPv4Network("172.17.0.0/16")
    assert route_of("00000000", "00000000") == IPv4Network("0.0.0.0/0")
    assert route_of("000200C0", "00FFFFFF") == IPv4Network("192.0.2.0/24")
