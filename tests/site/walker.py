"""Walking through the pages: from the first one, along the links and forms that a person may follow."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from django.urls import Resolver404, resolve

from tests.site.page_checks import faults_of

LIGHT_WIDE = {"color_scheme": "light", "viewport": {"width": 1440, "height": 900}}
DARK_WIDE = {"color_scheme": "dark", "viewport": {"width": 1440, "height": 900}}
LIGHT_NARROW = {"color_scheme": "light", "viewport": {"width": 390, "height": 844}}
DARK_NARROW = {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}}

# However many keys their queries have.
MOST_OF_A_KIND = 4
# Not pages of ours: Django's own, and what programs ask.
FOREIGN = ("admin:", "api:")
SEARCHED = "ceria"

# Links, and what forms that only ask would lead to: boxes ticked, the search field filled.
_TARGETS = """searched => {
  // Those inside of drawings have no address as a text.
  const found = [...document.querySelectorAll('a[href]')].map(
    link => new URL(link.getAttribute('href'), document.baseURI).href)
  for (const form of document.querySelectorAll('form')) {
    if (form.method !== 'get') continue
    for (const field of form.elements) {
      if (field.type === 'search') field.value = searched
    }
    const boxes = [...form.elements].filter(field => field.type === 'checkbox' && !field.disabled)
    boxes.slice(0, 2).forEach(box => box.checked = true)
    const buttons = [...form.elements].filter(field => field.type === 'submit')
    for (const button of buttons.length ? buttons : [null]) {
      const query = new URLSearchParams(new FormData(form, button))
      const address = new URL(button?.hasAttribute('formaction') ? button.formAction : form.action)
      address.search = query
      found.push(address.href)
    }
  }
  return found
}"""


@dataclass
class Walk:
    """What was seen on the way: names of routes, and what was wrong at which address."""

    seen: set = field(default_factory=set)
    faults: dict = field(default_factory=lambda: defaultdict(list))
    n_looks: int = 0


class Walker:
    """Somebody who goes through the portal with one browser window for each look.

    Of each kind of page, which is its route, as many are visited as there are windows, and, if
    ``asks``, one more for each key of a query that is new. They take turns between the windows; a
    kind of which there is one page only is looked at in all of them.
    """

    def __init__(self, browser, url, *, cookies, looks, asks):
        self.walk, self._host, self._asks = Walk(), urlsplit(url).netloc, asks
        self._contexts = [
            browser.new_context(base_url=url, storage_state=cookies, reduced_motion="reduce", **look)
            for look in looks
        ]
        self._pages = [context.new_page() for context in self._contexts]
        for page in self._pages:
            page.set_default_timeout(20_000)
            page.on("console", lambda message: self._told(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: self._told(str(error)))
        self._heard = []
        self._visits, self._addresses, self._keys = Counter(), set(), defaultdict(set)
        self._unseen = {}

    def close(self):
        for context in self._contexts:
            context.close()

    def go_through(self, *addresses):
        """Visit these pages and, breadth first, all kinds of pages that can be reached from them."""
        waiting = list(addresses)
        while waiting:
            found = []
            for address in waiting:
                if self._is_worth_a_visit(address):
                    found += self._visit(address)
            waiting = found
        for place, pages in self._unseen.values():
            for page in pages:
                self._look_at(place, page)

    def _is_worth_a_visit(self, address):
        """Whether the address is on this portal and of a kind that was not seen often enough yet."""
        parts = urlsplit(address)
        if (parts.scheme or "http") != "http" or (parts.netloc or self._host) != self._host:
            return False
        name = name_of(parts.path)
        keys = {key for key, _ in parse_qsl(parts.query)} if self._asks else set()
        is_new = keys - self._keys[name] or (not keys and self._visits[name] < len(self._pages))
        is_known = (parts.path, parts.query) in self._addresses
        if is_known or not is_new or self._visits[name] >= MOST_OF_A_KIND:
            return False
        self._addresses.add((parts.path, parts.query))
        self._keys[name] |= keys
        self._visits[name] += 1
        return True

    def _visit(self, address):
        """Look at a page in every window, note what is wrong with it, and return where it leads."""
        parts = urlsplit(address)
        place, name = f"{parts.path}?{parts.query}".rstrip("?"), name_of(parts.path)
        answer = self._contexts[0].request.head(place)
        reached = name_of(urlsplit(answer.url).path)
        if not answer.ok:
            self.walk.faults[place].append(f"answers {answer.status}")
            return []
        if reached == "login" != name:
            return [answer.url]
        self.walk.seen |= {name, reached}
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        if not is_page or name.startswith(FOREIGN):
            return []
        _, unseen = self._unseen.get(name, (place, self._pages))
        page = (unseen or self._pages)[0]
        self._unseen[name] = place, [other for other in unseen if other is not page]
        self._look_at(place, page)
        return page.evaluate(_TARGETS, SEARCHED)

    def _look_at(self, place, page):
        self.walk.n_looks += 1
        self._heard.clear()
        page.goto(place)
        look = page.evaluate("`${innerWidth} px, ${document.documentElement.dataset.bsTheme}`")
        for fault in faults_of(page) + self._heard:
            self.walk.faults[place].append(f"{look}: {fault}")

    def _told(self, text):
        self._heard.append(f"the browser says: {text}")


def name_of(path):
    """Return the name of the route, with its namespace; "" where there is none."""
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""
