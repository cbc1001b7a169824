"""Streamlit parts that pages share: who is here, periods and filters in the URL, cached reads, charts, tables."""
