"""The projects of the demo: names, branches, files and the commands that people run in them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product


@dataclass(frozen=True)
class Project:
    """One project. `weight` is its share of the sessions; `subjects` is what prompts in it speak of; `agents` are those
    that also work in it by themselves."""

    name: str
    weight: float
    folders: tuple[str, ...]
    stems: tuple[str, ...]
    suffix: str
    test_suffix: str
    checks: tuple[str, ...]
    subjects: tuple[str, ...]
    branches: tuple[str, ...]
    agents: tuple[str, ...]

    @property
    def working_directory(self) -> str:
        """Where its agents run."""
        return f"/srv/code/{self.name}"

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Paths of the files that tools touch, relative to the project."""
        return (*self.code, "README.md", "CHANGELOG.md", ".github/workflows/ci.yml")

    @cached_property
    def code(self) -> tuple[str, ...]:
        """Those of them that prompts speak of."""
        sources = tuple(f"{folder}/{stem}{self.suffix}" for folder, stem in product(self.folders, self.stems))
        tests = tuple(f"tests/{stem}{self.test_suffix}" for stem in self.stems)
        return (*sources, *tests)


# fmt: off
PROJECTS: tuple[Project, ...] = (
    Project(
        "storefront", 0.26, ("src/pages", "src/components", "src/lib"),
        ("checkout", "cart", "product-list", "search", "address-form", "price", "session", "banner", "gift-card"),
        ".tsx", ".test.tsx", ("npm test", "npm run lint", "npx tsc --noEmit", "npm run build"),
        ("checkout", "cart", "product search", "address form", "gift card flow", "price display", "cookie banner"),
        ("main", "feature/gift-cards", "fix/cart-rounding", "feature/faster-search", "chore/upgrade-next"),
        ("deploy-bot",),
    ),
    Project(
        "billing-service", 0.22, ("billing", "billing/ledger", "billing/api"),
        ("invoices", "refunds", "dunning", "tax", "payouts", "webhooks", "currencies", "statements"),
        ".py", "_test.py", ("pytest -q", "ruff check .", "mypy billing", "pytest -q tests/refunds_test.py"),
        ("refund endpoint", "invoice numbering", "dunning mails", "VAT rules", "payout report", "webhook retries"),
        ("main", "feature/partial-refunds", "fix/vat-rounding", "fix/webhook-retries", "feature/sepa"),
        ("invoice-matcher", "refund-desk", "deploy-bot"),
    ),
    Project(
        "warehouse-etl", 0.16, ("pipelines", "pipelines/staging", "models"),
        ("orders", "stock", "shipments", "returns", "suppliers", "forecast", "calendar"),
        ".sql", "_check.sql", ("dbt build --select orders+", "dbt test", "sqlfluff lint models", "make backfill"),
        ("orders model", "stock snapshot", "returns pipeline", "supplier feed", "forecast job", "late shipments"),
        ("main", "feature/returns-v2", "fix/late-arrivals", "feature/supplier-feed"),
        ("report-writer", "data-quality"),
    ),
    Project(
        "support-bot", 0.14, ("bot", "bot/skills", "bot/retrieval"),
        ("triage", "answers", "handover", "language", "feedback", "tickets", "evaluation"),
        ".py", "_test.py", ("pytest -q", "python -m bot.evaluation", "ruff check .", "mypy bot"),
        ("triage rules", "handover to people", "answer quality", "ticket search", "language check", "feedback loop"),
        ("main", "feature/better-handover", "experiment/reranking", "fix/duplicate-tickets"),
        ("mail-triage", "report-writer"),
    ),
    Project(
        "mobile-app", 0.12, ("app/screens", "app/store", "app/native"),
        ("login", "orders", "push", "offline", "profile", "scanner", "settings"),
        ".ts", ".test.ts", ("yarn test", "yarn lint", "yarn tsc", "yarn detox test"),
        ("login screen", "offline mode", "push notifications", "barcode scanner", "order history", "crash on start"),
        ("main", "release/5.4", "fix/scanner-crash", "feature/offline-orders"),
        ("deploy-bot",),
    ),
    Project(
        "platform-infra", 0.07, ("modules", "environments/production", "environments/staging"),
        ("network", "database", "cluster", "dns", "secrets", "alerts"),
        ".tf", ".tftest.hcl", ("terraform plan", "terraform validate", "tflint", "terraform test"),
        ("database failover", "alert rules", "staging cluster", "secret rotation", "DNS records", "backup schedule"),
        ("main", "change/bigger-database", "change/rotate-secrets"),
        ("deploy-bot", "retention-sweep"),
    ),
    Project(
        "handbook", 0.03, ("docs/onboarding", "docs/operations"),
        ("first-week", "on-call", "incidents", "releases", "access"),
        ".md", ".txt", ("make links", "make spelling", "vale docs"),
        ("on-call guide", "incident checklist", "release notes", "onboarding page"),
        ("main", "draft/on-call"),
        (),
    ),
)

SHELL_COMMANDS: tuple[str, ...] = (
    "git status --short", "git diff --stat", "git log --oneline -10", "git add -A && git commit -m 'Save'",
    "git push origin HEAD", "git rebase origin/main", "ls -la", "docker compose up -d db", "docker compose logs",
    "curl -s localhost:8080/health", "rg -n TODO", "find . -name '*.lock' -newer README.md", "make", "make test",
    "du -sh .", "kubectl get pods -n staging", "kubectl logs deploy/api -n staging --tail 100", "psql -c 'select 1'",
)
# fmt: on
