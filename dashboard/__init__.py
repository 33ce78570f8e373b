"""The face of tinyformer: `streamlit run dashboard/Home.py`. Views place, charts draw, selection remembers."""
