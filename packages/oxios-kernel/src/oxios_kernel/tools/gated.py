"""The one place where the policy gate is asked: before every call, and a refusal is told to the model with the rule and
what would allow it. The tool itself is not reached."""

from oxios_kernel.domain.access import AccessRequest, Decision
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.policy import Gate
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.tools.cutting import clean
from oxios_kernel.tools.outputs import kept_folder

__all__ = ["Gated"]


class Gated:
    """A toolset behind the gate."""

    def __init__(self, inner: Toolset, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate
        self._specs = {spec.name: spec for spec in inner.specs()}

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._inner.specs()

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        spec = self._specs.get(call.name)
        if spec is None:  # there is nothing to refuse; the toolset says what there is
            return await self._inner.call(call, context)
        try:
            decision = await self._gate.check(_request(spec, call, context))
        except (ToolFailed, InputError) as error:
            return ToolResult(text=clean(error.message), status=ToolStatus.FAILED)
        return await self._inner.call(call, context) if decision.allowed else _denied(decision)


def _request(spec: ToolSpec, call: ToolCall, context: ToolContext) -> AccessRequest:
    return AccessRequest(
        principal=context.principal,
        role=context.role,
        rights=context.rights,
        agent_id=context.agent_id,
        run_id=context.run_id,
        step=context.step,
        spec=spec,
        call=call,
        root=context.root,
        kept=kept_folder(context),
    )


def _denied(decision: Decision) -> ToolResult:
    remedy = f" What would allow it: {decision.remedy}." if decision.remedy else ""
    return ToolResult(
        text=clean(f"Denied: {decision.rule}.{remedy}"), status=ToolStatus.DENIED, rule=clean(decision.rule)
    )
