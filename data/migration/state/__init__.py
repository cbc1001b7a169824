"""The state that the migrations add up to: written down beside them, and looked for in a live database."""

from data.migration.state.generation import Generated, generate
from data.migration.state.inventory import Comparison, Difference, Item
from data.migration.state.verification import Verification, verify

__all__ = ["Comparison", "Difference", "Generated", "Item", "Verification", "generate", "verify"]
