"""The access layer: everything that talks to PostgreSQL. It imports neither Streamlit nor Starlette.

The name means "access to the data": nothing generated is ever written in here.
"""
