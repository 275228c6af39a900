"""E-mail: sent after the answer, and on a developer's console written as a person would read it."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend

logger = logging.getLogger(__name__)

_sender = ThreadPoolExecutor(1, thread_name_prefix="mail")


def later(send: Callable[[], object]) -> Future[None]:
    """Send while the answer is on its way: how long it takes tells nobody anything. A failure is logged."""
    return _sender.submit(_send, send)


def _send(send: Callable[[], object]) -> None:
    try:
        send()
    except Exception as error:  # noqa: BLE001 (its message may name the person)
        logger.error("An e-mail could not be sent: %s.", type(error).__name__)  # noqa: TRY400 (likewise)


def sent() -> None:
    """Wait until all that was to be sent is sent."""
    _sender.submit(lambda: None).result()


class ReadableConsole(EmailBackend):
    """Prints who gets what, and the text as it was written: Django's own prints links broken over two lines."""

    def write_message(self, message: EmailMessage) -> None:
        """Write one message."""
        self.stream.write(f"To: {', '.join(message.to)}\nSubject: {message.subject}\n\n{message.body}\n\n")
