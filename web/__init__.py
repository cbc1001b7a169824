"""HTTP beside Streamlit: the gate in front of everything, sign-in, exports, health and metrics."""
