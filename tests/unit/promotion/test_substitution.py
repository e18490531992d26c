from hypothesis import given
from hypothesis import strategies as st

from executor.promotion.substitution import Substitution


def test_an_id_learnt_from_an_answer_is_used_in_later_parameters() -> None:
    substitution = Substitution()
    substitution.learn({"Vpc": {"VpcId": "vpc-11111111"}}, {"Vpc": {"VpcId": "vpc-22222222"}})
    params = {"VpcId": "vpc-11111111", "Tags": ["arn:aws:ec2:::vpc/vpc-11111111"]}
    assert substitution.applied(params) == {
        "VpcId": "vpc-22222222",
        "Tags": ["arn:aws:ec2:::vpc/vpc-22222222"],
    }


def test_a_longer_word_that_begins_with_a_known_id_is_left_alone() -> None:
    substitution = Substitution()
    substitution.learn({"Id": "queue-1"}, {"Id": "queue-9"})
    assert substitution.text("queue-12 queue-1") == "queue-12 queue-9"


def test_short_texts_that_differ_by_chance_are_not_ids() -> None:
    substitution = Substitution()
    substitution.learn({"Count": "1", "State": "on"}, {"Count": "2", "State": "off"})
    assert substitution.ids == {}


def test_bytes_are_left_alone() -> None:
    substitution = Substitution()
    substitution.learn({"Id": "abcdef"}, {"Id": "ghijkl"})
    assert substitution.applied({"Body": b"abcdef"}) == {"Body": b"abcdef"}


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_equal_answers_teach_nothing(answer: dict[str, str]) -> None:
    substitution = Substitution()
    substitution.learn(answer, answer)
    assert substitution.applied(answer) == answer
