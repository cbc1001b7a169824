"""How things look: markup, design tokens, cards, tables, charts."""
