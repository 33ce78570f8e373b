import streamlit as st


def draw():
    st.info("soon")
