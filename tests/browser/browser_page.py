"""What several browser tests do with a page."""


def settle(page):
    """Wait until the script has run and its charts are drawn."""
    page.wait_for_selector("[data-testid=stMain] h1")
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('svg, canvas'))"
    )
    page.wait_for_timeout(300)
