"""Block about who is sent what."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.values import Block, Identifier, Language

#: Name of an environment variable: secrets stand there, never in the policy.
Secret = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=80)]
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)]


class Mail(Block):
    """The server that mail is handed to."""

    host: str = Field(min_length=1, description="Mail server.", examples=["smtp.example.com"])
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is protected."
    )
    sender: Address = Field(description="Address of the sender.", examples=["reports@example.com"])
    user: str = Field(default="", description="Name to log in with; empty: no login.")
    password: Secret | None = Field(
        default=None,
        description="Environment variable that holds the password.",
        examples=["SALESOPS_MAIL_PASSWORD"],
    )


class Recipient(Block):
    """Who is told of published reports, or of failures."""

    id: Identifier = Field(description="Short name.", examples=["directors"])
    hears: Literal["success", "failure"] = Field(
        default="success", description="Told of published reports, or of runs that failed."
    )
    mail: tuple[Address, ...] = Field(
        default=(), description="Addresses.", examples=[["director@example.com"]]
    )
    webhook: Secret | None = Field(
        default=None,
        description="Environment variable that holds the address of a group's robot.",
        examples=["SALESOPS_OPS_WEBHOOK"],
    )
    kind: Literal["wecom", "feishu", "dingtalk", "slack"] = Field(
        default="wecom", description="Whose robot: 企业微信, 飞书, 钉钉 or Slack."
    )
    lang: Language = Field(default="en", description="Language of what is sent.")
    reports: tuple[str, ...] = Field(
        default=(), description="Notebooks that are sent; empty: all.", examples=[["10_performance_review"]]
    )
    unit: str = Field(
        default="", description="Region, team or person whose reports are sent; empty: the company's."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.mail) == bool(self.webhook):
            raise ValueError("needs either mail or webhook, one of them")
        return self


class Delivery(Block):
    """Sending reports; nothing is sent unless `salesops run --send` asks for it."""

    mail: Mail | None = Field(default=None, description="Mail server.")
    recipients: tuple[Recipient, ...] = Field(default=(), description="Who is sent what.")
    link: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="Where people open the folder reports/; empty: no links.",
        examples=["https://files.example.com/sales/reports"],
    )
    attach_mb: float = Field(
        default=10, gt=0, description="Attachments above this size are left out and said so."
    )

    @model_validator(mode="after")
    def _has_a_server(self) -> Self:
        if self.mail is None and any(recipient.mail for recipient in self.recipients):
            raise ValueError("has recipients by mail, so it needs the block mail")
        return self
