"""Expressions as ROOT users write them give what they do in C++, and what is not known is refused by its name."""

import math

import numpy as np
import pytest

from jetloom.errors import ExpressionError
from jetloom.expressions import evaluate, evaluate_mask, legal_name, names_in

COLUMNS = {
    "a_b": np.array([1.5, -2.0, 3.0]), "x": np.array([-4.0, 0.0, 9.0]), "n": np.array([0, 1, 2]),
    "lep1_Pt": np.array([10.0, 20.0, 30.0]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b*2", [3.0, -4.0, 6.0]),
        ("lep1.Pt() + a.b", [11.5, 18.0, 33.0]),
        ("lep1.Pt + a_b", [11.5, 18.0, 33.0]),
        ("TMath::Abs(x)", [4.0, 0.0, 9.0]),
        ("TMath::Power(TMath::Max(x, n), 2)", [0.0, 1.0, 81.0]),
        ("std::abs(x)", [4.0, 0.0, 9.0]),
        ("TMath::Pi()*n", [0.0, math.pi, 2 * math.pi]),
        ("pow(x, 2)", [16.0, 0.0, 81.0]),
        ("min(x, n)", [-4.0, 0.0, 2.0]),
        ("log10(n + 9)", [math.log10(9), 1.0, math.log10(11)]),
        ("x > 0 ? sqrt(x) : -1", [-1.0, -1.0, 3.0]),
        ("n==0?1:n==1?2:max(n,x>1?5:6)", [1, 2, 5]),
        ("atan2(x, 1)", [math.atan2(-4, 1), 0.0, math.atan2(9, 1)]),
        ("fabs(x)", [4.0, 0.0, 9.0]),
        ("deltaPhi(3*n, -3)", [3.0, 6 - 2 * math.pi, 9 - 2 * math.pi]),
        ("deltaR(1, 3, 4, -3)", math.hypot(3, 2 * math.pi - 6)),
    ],
)
def test_values(text, expected):
    np.testing.assert_allclose(evaluate(text, COLUMNS), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x > -1 && n < 2", [False, True, False]),
        ("x > 5 || n == 0", [True, False, True]),
        ("!(x > 0)", [True, True, False]),
        ("!n == 1", [True, False, False]),  # in C++ (!n) == 1
        ("!n && a.b != 3", [True, False, False]),
        ("!!n", [False, True, True]),
        ("n != 1 && !(n == 2 || x == 0)", [True, False, False]),
    ],
)
def test_logic(text, expected):
    assert evaluate_mask(text, COLUMNS, 3).tolist() == expected


def test_variables_have_legal_names():
    assert names_in("a.b*2 + lep1.Pt() - jets.pt") == {"a_b", "lep1_Pt", "jets.pt"}
    assert [legal_name(name) for name in ("lep1.Pt()", "m-bb", "x*", "2j", "plain_1")] == [
        "lep1_Pt", "m_bb", "x", "_2j", "plain_1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Sum$(x) > 2", r"'Sum\$(\(x)?' of ROOT is not known here; write len"),
        ("TMath::Gaus(x)", r"'TMath::Gaus' of ROOT is not known here; known are TMath::ACos"),
        ("ROOT::VecOps::DeltaR(x, x, n, n)", r"'ROOT::VecOps::DeltaR' of ROOT is not known"),
        ("(int)x", r"'\(int\)' of ROOT is not known here; take the cast away"),
        ("@x.size()", r"'@x' of ROOT is not known"),
        ("x > 0 ? 1", r"'\?' without ':'"),
        ("!(x", "a bracket is not closed"),
        ("c.d + 1", r"no variable 'c_d'"),
    ],
)
def test_what_is_not_known_is_refused_by_its_name(text, message):
    with pytest.raises(ExpressionError, match=message):
        evaluate(text, COLUMNS)
