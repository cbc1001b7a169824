"""What people ask lift-sys to write: prompts, the holes that the first reading leaves open, and the code at the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hole:
    """Something that the prompt leaves open; `place` is the JSON pointer of what it stands for."""

    name: str
    kind: str
    place: str
    description: str
    answer: str
    others: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One function. Parameters are name, type and description; assertions are predicate and reason."""

    name: str
    prompt: str
    summary: str
    parameters: tuple[tuple[str, str, str], ...]
    returns: str
    effects: tuple[str, ...]
    assertions: tuple[tuple[str, str], ...]
    holes: tuple[Hole, ...]
    body: tuple[str, ...]

    @property
    def code(self) -> str:
        """The function as it should be."""
        given = ", ".join(f"{name}: {hint}" for name, hint, _ in self.parameters)
        lines = [f"def {self.name}({given}) -> {self.returns}:", f'    """{self.summary}"""', *self.body]
        return "\n".join(lines) + "\n"


# fmt: off
TASKS: tuple[Task, ...] = (
    Task(
        "split_refund", "Split a refund over the lines of an order so that the cents add up.",
        "Split an amount over order lines in proportion to their prices.",
        (("amount_cents", "int", "What is paid back"), ("line_cents", "list[int]", "Prices of the lines")), "list[int]",
        ("Returns one share per line, in the order of the lines",),
        (("sum(result) == amount_cents", "No cent is lost"), ("all(share >= 0 for share in result)", "Nobody pays"),
         ("len(result) == len(line_cents)", "One share per line")),
        (Hole("returns", "type", "/signature/returns", "What comes back: cents or euros?", "list[int]",
              ("list[Decimal]", "list[float]")),
         Hole("rounding", "effect", "/effects/0/description", "Where does the odd cent go?",
              "The odd cents go to the first lines", ("The odd cents go to the last line", "Odd cents are dropped")),
         Hole("nothing", "assertion", "/assertions/0/predicate", "What if all lines cost nothing?",
              "sum(result) == amount_cents or sum(line_cents) == 0", ("sum(result) == amount_cents",))),
        ("    total = sum(line_cents)", "    if total == 0:", "        return [0] * len(line_cents)",
         "    shares = [amount_cents * cents // total for cents in line_cents]",
         "    for number in range(amount_cents - sum(shares)):", "        shares[number] += 1", "    return shares")),
    Task(
        "next_invoice_number", "Give out the next invoice number of a year, without gaps.",
        "The number that follows the last one of its year.",
        (("last", "str | None", "The last number given out"), ("year", "int", "The year of the invoice")), "str",
        ("Reads nothing but its arguments",),
        (("result.startswith(str(year))", "Numbers carry their year"), ("result > (last or '')", "Numbers grow")),
        (Hole("first", "intent", "/intent/rationale", "Which number does a new year begin with?",
              "Every year begins with 00001", ("Numbers run on over the years",)),
         Hole("last", "type", "/signature/parameters/0/type_hint", "Can there be no last number?", "str | None",
              ("str",))),
        ("    if last is None or not last.startswith(str(year)):", '        return f"{year}-00001"',
         '    return f"{year}-{int(last[5:]) + 1:05d}"')),
    Task(
        "is_late", "Tell whether a parcel is late, but do not count Sundays and public holidays.",
        "Whether a parcel took longer than promised, working days alone.",
        (("sent", "date", "Day of sending"), ("arrived", "date", "Day of arrival"),
         ("holidays", "frozenset[date]", "Days that do not count"), ("promised_days", "int", "Promise")), "bool",
        ("Needs no clock and no network",),
        (("arrived >= sent", "Nothing arrives before it was sent"), ("promised_days > 0", "A promise of zero is none")),
        (Hole("saturday", "intent", "/intent/rationale", "Does Saturday count?", "Saturday counts, Sunday does not",
              ("Neither Saturday nor Sunday counts",)),
         Hole("holidays", "type", "/signature/parameters/2/type_hint", "Where do the holidays come from?",
              "frozenset[date]", ("str", "Calendar")),
         Hole("unit", "type", "/signature/parameters/3/type_hint", "Days or hours?", "int", ("timedelta",))),
        ("    day, used = sent, 0", "    while day < arrived:", "        day += timedelta(days=1)",
         "        used += day.weekday() < 6 and day not in holidays", "    return used > promised_days")),
    Task(
        "mask_email", "Hide most of an e-mail address before it goes into a log.",
        "The address with all but the first letter of the name hidden.",
        (("address", "str", "An e-mail address"),), "str", ("Never raises",),
        (("'@' not in address or result.endswith(address.split('@')[1])", "The domain may be read"),
         ("len(result) <= len(address) + 3", "It grows hardly")),
        (Hole("invalid", "effect", "/effects/0/description", "What about text that is no address?",
              "Text without @ comes back as three stars", ("Raises ValueError", "Comes back as it is")),),
        ('    name, at, domain = address.rpartition("@")', "    if not at:", '        return "***"',
         '    return f"{name[:1]}***@{domain}"')),
    Task(
        "merge_stock", "Merge the stock counts of two warehouses, newest count wins.",
        "Counts by article; of two counts the newer one holds.",
        (("first", "dict[str, Count]", "One warehouse"), ("second", "dict[str, Count]", "The other")),
        "dict[str, Count]", ("Leaves both arguments as they are",),
        (("set(result) == set(first) | set(second)", "No article is lost"),
         ("all(count.at is not None for count in result.values())", "Every count has its time")),
        (Hole("tie", "intent", "/intent/rationale", "Which count holds when both are equally old?",
              "The second warehouse wins a tie", ("The higher count wins a tie", "A tie is an error")),
         Hole("value", "type", "/signature/returns", "What is a count?", "dict[str, Count]",
              ("dict[str, int]", "list[Count]"))),
        ("    merged = dict(first)", "    for article, count in second.items():",
         "        known = merged.get(article)",
         "        if known is None or known.at <= count.at:",
         "            merged[article] = count", "    return merged")),
    Task(
        "retry_delays", "Delays between retries: grow, with some chance in it, never longer than a minute.",
        "Seconds to wait before each further attempt.",
        (("attempts", "int", "How many attempts follow"), ("seed", "int", "So that tests are repeatable")),
        "list[float]", ("Draws from a generator of its own",),
        (("all(0 < delay <= 60 for delay in result)", "Never longer than a minute"),
         ("len(result) == attempts", "One delay per attempt")),
        (Hole("growth", "intent", "/intent/rationale", "How fast do they grow?",
              "Each twice the one before, from one second",
              ("Each one second more", "Fibonacci")),
         Hole("chance", "effect", "/effects/0/description", "Where does the chance come from?",
              "Draws from a generator of its own, made from the seed", ("Uses the global generator",))),
        ("    random = Random(seed)",
         "    return [min(60.0, 2.0**n * random.uniform(0.5, 1)) for n in range(attempts)]")),
    Task(
        "tickets_by_language", "Count support tickets per language; unknown languages together.",
        "How many tickets there are in each language that we answer.",
        (("tickets", "Iterable[Ticket]", "What came in"), ("answered", "set[str]", "Languages that we answer")),
        "Counter[str]", ("Reads each ticket once",),
        (("set(result) <= answered | {'other'}", "Others stand together"),
         ("result.total() == count", "Every ticket is counted once")),
        (Hole("others", "intent", "/intent/rationale", "What are the others called?",
              "All others are counted as 'other'",
              ("Others are left out",)),
         Hole("returns", "type", "/signature/returns", "A Counter or a plain dict?", "Counter[str]",
              ("dict[str, int]",))),
        ("    return Counter(t.language if t.language in answered else 'other' for t in tickets)",)),
    Task(
        "fits_label", "Does an address fit on our label: four lines of 32 characters?",
        "Whether an address can be printed on the label.",
        (("lines", "list[str]", "The lines of the address"),), "bool", ("Counts characters, not bytes",),
        (("len(lines) <= 4 or not result", "Four lines at most"),
         ("all(len(line) <= 32 for line in lines) or not result", "32 characters at most")),
        (Hole("empty", "assertion", "/assertions/1/predicate", "Do empty lines count?",
              "all(len(line.strip()) <= 32 for line in lines) or not result",
              ("all(len(line) <= 32 for line in lines) or not result",)),
         Hole("long", "intent", "/intent/rationale", "Are long lines broken?", "Long lines are refused, not broken",
              ("Long lines are broken at the last space",))),
        ("    kept = [line.strip() for line in lines if line.strip()]",
         "    return len(kept) <= 4 and all(len(line) <= 32 for line in kept)")),
)
# fmt: on
