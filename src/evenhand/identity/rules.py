"""Rules of signing in: what password will do, which tries share a limit, who is whom. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from evenhand.platform.errors import Invalid

from .model import ROLES

if TYPE_CHECKING:
    from .model import Role

__all__ = [
    "ACCOUNT",
    "DEVICE",
    "FORGET_S",
    "NETWORK",
    "PASSWORD_CHARS_MAX",
    "PASSWORD_CHARS_MIN",
    "SECOND_FACTOR",
    "Limit",
    "check_password",
    "device_of",
    "network_of",
    "outranks",
]

PASSWORD_CHARS_MIN: Final = 10
PASSWORD_CHARS_MAX: Final = 256
_STEM_CHARS_MIN: Final = 4
_DISTINCT_CHARS_MIN: Final = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """Tries before a wait, and the longest wait in seconds; each try doubles the wait."""

    name: str
    free: int
    most_s: float


NETWORK: Final = Limit("network", free=30, most_s=300.0)
ACCOUNT: Final = Limit("account", free=10, most_s=60.0)
"""Browsers that never signed in to the account share it. A minute at most, so that an outsider
cannot keep an account shut for long after stopping."""
DEVICE: Final = Limit("device", free=10, most_s=900.0)
"""A browser that signed in to the account before has its own tries: no outsider uses them up."""
SECOND_FACTOR: Final = Limit("second-factor", free=5, most_s=300.0)
FORGET_S: Final = 3600.0

# Beginnings of the passwords that lists of breaches show most often, letters only. A password that
# is one of them with digits, signs or usual swaps of letters around it is refused.
_COMMON: Final = frozenset(
    """
    password passwort passwd pass passw motdepasse contrasena senha parola salasana haslo heslo
    qwerty qwertyuiop qwertz qwertzuiop azerty azertyuiop asdf asdfgh asdfghjkl zxcv zxcvbn
    zxcvbnm qazwsx qazwsxedc wasd abc abcd abcde abcdef abcdefg abcdefgh abcdefghij letmein
    welcome willkommen bienvenue admin administrator root login guest user test testing tester
    default changeme secret secrets master access system server temp demo sample example iloveyou
    loveyou ilove love lovely princess prince sunshine shadow monkey dragon tiger lion eagle
    football baseball basketball hockey soccer cricket superman batman spiderman pokemon starwars
    naruto minecraft fortnite freedom whatever trustno trustnoone michael jordan jennifer jessica
    ashley daniel thomas charlie andrew robert william joshua matthew anthony george hunter killer
    hello hellohello helloworld flower cheese cookie chocolate banana orange purple summer winter
    spring autumn monday friday january february march april june july august september october
    november december computer internet google facebook linkedin twitter microsoft windows apple
    android samsung iphone liverpool arsenal chelsea barcelona juventus london paris berlin madrid
    newyork america england germany france russia china india mustang ferrari porsche mercedes
    yamaha honda toyota corvette harley matrix phoenix silver golden diamond crystal angel angels
    heaven jesus jesuschrist blessed ninja pirate wizard gandalf merlin harrypotter zaq zaqxsw
    qweasd qweasdzxc qweqwe asdasd qaz wsx mypassword newpassword yourpassword thepassword company
    business office evenhand correcthorsebatterystaple
    """.split()  # noqa: SIM905 - a list of them would be three hundred lines
)
_SWAPS: Final = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t",
                               "@": "a", "$": "s", "!": "i", "|": "l", "+": "t"})  # fmt: skip
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)


def check_password(password: str, *, email: str, names: tuple[str, ...] = ()) -> None:
    """Whether it will do. No mixture of kinds of letters is asked for: it makes nothing harder to
    guess (NIST SP 800-63B section 3.1.1.2).

    Raises:
        Invalid: too short, too long, common, a run of keys, or one's own address or name.
    """
    if len(password) < PASSWORD_CHARS_MIN:
        raise _refused(
            f"Use at least {PASSWORD_CHARS_MIN} characters; some words together are good."
        )
    if len(password) > PASSWORD_CHARS_MAX:
        raise _refused(f"Use at most {PASSWORD_CHARS_MAX} characters.")
    plain = password.casefold()
    if len(set(plain)) < _DISTINCT_CHARS_MIN or _is_run(plain):
        raise _refused("This is easy to guess: the same few characters, or a row of keys.")
    if {_stem(plain), _stem(plain.translate(_SWAPS)), _core(plain)} & _COMMON:
        raise _refused("This is among the passwords that are tried first; choose another.")
    for own in (email, *email.split("@"), *names):
        word = own.casefold().strip()
        if (
            len(word) >= _STEM_CHARS_MIN
            and plain.replace(word, "", 1) != plain
            and (len(plain) - len(word) < _STEM_CHARS_MIN)
        ):
            raise _refused("Do not use your own address or name.")


def _stem(text: str) -> str:
    """The letters."""
    return "".join(re.findall(r"[^\W\d_]+", text))


def _core(text: str) -> str:
    """What is left without digits and signs at both ends, usual swaps undone."""
    return _stem(re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text).translate(_SWAPS))


def _is_run(text: str) -> bool:
    return any(text in run or text in run[::-1] for run in _RUNS)


def _refused(detail: str) -> Invalid:
    return Invalid(detail, code="password_refused")


def network_of(address: str | None) -> str:
    """The network that an address counts for: /24 of IPv4, /64 of IPv6 (one subscriber's share)."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    host = mapped or parsed
    prefix = 24 if host.version == 4 else 64  # noqa: PLR2004 - the versions of IP
    return str(ipaddress.ip_network((host, prefix), strict=False))


def outranks(one: Role, other: Role) -> bool:
    """Whether `one` stands above `other`."""
    return ROLES.index(one) < ROLES.index(other)


_BROWSERS: Final = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str) -> str:
    """Browser and system in our own words: enough to know one's sessions apart, and no more."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Another browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser}, {system}" if system else browser
