"""A browser without JavaScript: follows links, fills forms, keeps cookies."""
from urllib.parse import urlencode, urlsplit

import lxml.html


class Refused(Exception):
    """A page that is not the expected one. It is counted as a failure, and ends the visit."""


class Page:
    """A page of the shop."""

    def __init__(self, response):
        self.html = lxml.html.fromstring(response.text)

    def links(self, start):
        """The paths of the links in the content that begin so."""
        return list(dict.fromkeys(self.html.xpath(f"//main//a[starts-with(@href, '{start}')]/@href")))

    def form(self, action):
        """The form that is sent to a path; `None` if the page has none."""
        return next((form for form in self.html.forms if urlsplit(form.action).path == action), None)

    def says(self, text):
        return text in self.html.text_content()


class Browser:
    """Loads pages with the client of a locust user; `name` is the step in the statistics."""

    def __init__(self, client):
        self.client = client

    def open(self, path, name):
        with self.client.get(path, name=name, catch_response=True, allow_redirects=False) as response:
            return self._page(response, name)

    def send(self, page, action, name, lands_on, **fields):
        """Sends a form with fields added, and returns the path of the page that follows."""
        form = page.form(action)
        if form is None:
            raise Refused(f"{name}: the page has no form for {action}")
        values = dict(form.form_values()) | fields
        headers = {"content-type": "application/x-www-form-urlencoded"}
        with self.client.post(action, data=urlencode(values), headers=headers, name=name, catch_response=True,
                              allow_redirects=False) as response:
            location = (response.headers or {}).get("location", "")
            if response.status_code != 303 or not location.startswith(lands_on):
                self._refuse(response, name)
            response.success()
            return location

    def _page(self, response, name):
        if response.status_code != 200 or not response.text:
            self._refuse(response, name)
        response.success()
        return Page(response)

    def _refuse(self, response, name):
        problems = Page(response).html.xpath("//*[contains(@class, 'problem')]") if response.text else []
        reason = f"status {response.status_code} {response.error or ''}" + "; ".join(it.text_content() for it in problems)
        response.failure(reason.strip())
        raise Refused(f"{name}: {reason}")
