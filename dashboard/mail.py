"""E-mail on a developer's console, as a person would read it: Django's own prints links broken over two lines."""

from django.core.mail import EmailMessage
from django.core.mail.backends.console import EmailBackend


class ReadableConsole(EmailBackend):
    """Prints who gets what, and the text as it was written."""

    def write_message(self, message: EmailMessage) -> None:
        """Write one message."""
        self.stream.write(f"To: {', '.join(message.to)}\nSubject: {message.subject}\n\n{message.body}\n\n")
