"""The parts of the page of clients: their health, one of them, chaos experiments."""

from ui.clients import experiments, one
from ui.clients.choosing import (
    Chosen,
    ChosenExperiments,
    asked,
    asks_for_experiments,
    choose,
    choose_experiments,
    no_experiments,
    no_such_client,
    nothing,
    say_untimed,
    switch,
)
from ui.clients.listing import clients_table
from ui.clients.telling import cards_of, summary

__all__ = [
    "Chosen",
    "ChosenExperiments",
    "asked",
    "asks_for_experiments",
    "cards_of",
    "choose",
    "choose_experiments",
    "clients_table",
    "experiments",
    "no_experiments",
    "no_such_client",
    "nothing",
    "one",
    "say_untimed",
    "summary",
    "switch",
]
