"""The speakers of a format, and where a model's message begins and ends."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from chatfmt.line.language import Next
from chatfmt.line.lines import Line
from chatfmt.line.row import Row

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Speaking"]


class Speaking(Row):
    """Conclusions from a row's lines about speakers, prompts and stop tokens."""

    def ends_of(self, role: str) -> Mapping[str, bool]:
        """The tokens that end a message of this role, and whether the model stops there.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").ends_of("user")
        {'<|im_end|>': True}
        """
        lines = [*self.lines_of[role]]
        if role in self.envelopes:
            lines = [Line((role,), self.envelopes[role].close)]
        return {token: self.stops_at(token) for line in lines for token in line.ends}

    def stops_at(self, token: str) -> bool:
        """Whether a model stops at this end token.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").stops_at("<|im_end|>")
        True
        """
        if self.ends:
            return self.ends.get(token) == "stop"
        return not self.stops or token in self.stops

    @cached_property
    def unended(self) -> frozenset[str]:
        """The roles whose messages end where the next begins, and in which a model speaks.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").unended
        frozenset()
        """
        ends = {role: self.lines_of[role][0].pieces[-1] for role in self.prompted}
        return frozenset(role for role, last in ends.items() if last == Next())

    @cached_property
    def placed(self) -> frozenset[str]:
        """The roles that have lines allowed only after certain messages.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").placed
        frozenset()
        """
        return frozenset(
            role
            for role, lines in self.lines_of.items()
            if any(line.after is not None for line in lines)
        )

    @cached_property
    def prompted(self) -> frozenset[str]:
        """The roles in which a model can be prompted: their text is cut where a prompt ends.

        These are the speakers whose lines have ``{^}``; or all roles if no line has it.

        >>> import chatfmt
        >>> "user" in chatfmt.get_format("gpt-4o").prompted
        True
        """
        lines = {
            role: any(line.says_prompt for line in self.lines_of[role]) for role in self.lines_of
        }
        if not any(lines.values()):
            return frozenset(self.lines_of)
        return frozenset(role for role in self._speaking if lines[role])

    @cached_property
    def carried(self) -> frozenset[str]:
        """The fields of a message that have a place in a line of some role.

        >>> import chatfmt
        >>> "reasoning" in chatfmt.get_format("qwen-3").carried
        True
        """
        return frozenset(
            field for lines in self.lines_of.values() for line in lines for field in line.fields
        )

    def writes_thinking(self, *, prepared: bool) -> bool:
        """Whether thinking has a place in conversations that are prepared first, or are not.

        >>> import chatfmt
        >>> gpt_oss = chatfmt.get_format("gpt-oss")
        >>> gpt_oss.writes_thinking(prepared=True), gpt_oss.writes_thinking(prepared=False)
        (True, False)
        """
        return bool(self.carried & {"reasoning", *(["channel"] if prepared else [])})

    def writes_tools(self, *, prepared: bool) -> bool:
        """Whether definitions of tools have an effect in conversations prepared first, or not.

        A preparation writes them. Without one, they say how to spell arguments in a format that
        writes these one by one.

        >>> import chatfmt
        >>> qwen = chatfmt.get_format("qwen-3")
        >>> qwen.writes_tools(prepared=True), qwen.writes_tools(prepared=False)
        (True, False)
        """
        written = prepared and any(word["word"] == "tools" for word in self.prepare)
        return written or bool(self.arguments)

    @cached_property
    def closing(self) -> frozenset[str]:
        """The roles in which a prompt that tells the model not to think also writes the reasoning.

        The prompt writes it closed and empty, or writes its end. Other roles have a separate line.

        >>> import chatfmt
        >>> chatfmt.get_format("qwen-3").closing, chatfmt.get_format("nemotron-3").closing
        (frozenset({'assistant'}), frozenset())
        """
        lines = {role: self.lines_of[role] for role in self.prompted}
        return frozenset(role for role in lines if not any(line.is_silent for line in lines[role]))

    @cached_property
    def prefix(self) -> Literal["always", "turn", "never"]:
        """How long the text that a model saw and wrote stays the beginning of its next prompts.

        This depends on what `ChatTokenizer.prepare` does: ``always``; for a ``turn``, until the
        user speaks next; or ``never``, if the thinking of a call is dropped as soon as the tool
        has answered. Without preparation it is always.

        >>> import chatfmt
        >>> [chatfmt.get_format(name).prefix for name in ("gpt-4o", "qwen-3", "qwq")]
        ['always', 'turn', 'never']
        """
        thinks = bool(self.carried & {"reasoning", "channel"})  # else there is nothing to drop
        reach = {
            word.looks_at
            for word, row in zip(self.preparation, self.prepare, strict=True)
            if thinks or row["word"] != "reasoning"
        }
        return "never" if "end" in reach else "turn" if "user" in reach else "always"

    @property
    def _speaking(self) -> list[str]:
        by_default = ["assistant"] if "assistant" in self.lines_of else [*self.lines_of]
        return [*self.speakers] or by_default

    @property
    def stop_spellings(self) -> tuple[str, ...]:
        """The special tokens at which the assistant stops (any speaker, if there is none).

        >>> import chatfmt
        >>> chatfmt.get_format("llama-3").stop_spellings
        ('<|eot_id|>', '<|end_of_text|>')
        """
        if self.stops:
            return tuple(self.stops)
        speaking = ["assistant"] if "assistant" in self._speaking else self._speaking
        ends = (end for role in speaking for end in self.ends_of(role).items())
        return tuple(dict.fromkeys(token for token, stops in ends if stops))
