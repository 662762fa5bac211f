"""Expressions over named columns, such as ``pt > 20 and abs(eta) < 2.1``, evaluated without ``eval``.

The language is the arithmetic, comparison and logic of Python plus a fixed set of functions, all element by element,
and numbers with a unit such as ``500 MeV``. What belongs to a row may name variables of the row, as in
``eta - jets.eta``. ROOT's ``&&``, ``||``, ``!``, ``?:`` and ``TMath::Abs`` mean what they do there, and ``a.b`` is the
variable ``a_b``. Anything else (indexing, calls of other functions, comprehensions, strings) is refused. Integers are
those of Python: signed and exact. What rounds has double precision.
"""

from jetloom.expressions.evaluation import evaluate, evaluate_mask
from jetloom.expressions.functions import FUNCTIONS
from jetloom.expressions.language import CONSTANTS, ROW, column_name, legal_name, names_in

__all__ = ["CONSTANTS", "FUNCTIONS", "ROW", "column_name", "evaluate", "evaluate_mask", "legal_name", "names_in"]
