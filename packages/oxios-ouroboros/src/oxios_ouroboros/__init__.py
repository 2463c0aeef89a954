"""Specification first: interview, seed, evaluation and evolution for LLM agents.

A request becomes a reply, questions or a `Seed`; a worker's output becomes an `Evaluation` by evidence; a
failed one the next generation of a `Lineage`. The door is `Ouroboros`; a host brings a model (`Complete`)
and runs checks (`Examine`). It depends on pydantic only. The scripted model for tests is
`oxios_ouroboros.testing.ScriptedComplete`.
"""

from oxios_ouroboros.check import (
    Check,
    CommandCheck,
    FileCheck,
    JudgedCheck,
    Observation,
    SchemaCheck,
    ValidateSchema,
)
from oxios_ouroboros.crystallize import Assessment
from oxios_ouroboros.errors import (
    CompletionFailed,
    InterviewError,
    LineageError,
    OuroborosError,
    ReplyUnreadable,
    SettingsError,
)
from oxios_ouroboros.evaluation import Evaluation, Stage, Verdict
from oxios_ouroboros.extract import extract_json
from oxios_ouroboros.interview import Clarity, Complexity, Dimension, Exchange, Interview
from oxios_ouroboros.lateral import LateralPersona, StagnationPattern, find_stagnation, select_persona
from oxios_ouroboros.lineage import Generation, Lineage, StopReason, similarity, stop_reason
from oxios_ouroboros.phase import Phase
from oxios_ouroboros.ports import Complete, Examine, Prompt, Purpose
from oxios_ouroboros.prompts import (
    AssessInput,
    AssessReply,
    CrystallizeReply,
    EvolveInput,
    EvolveReply,
    InterviewInput,
    InterviewReply,
    ReviewedCriterion,
    ReviewInput,
    ReviewReply,
    Status,
)
from oxios_ouroboros.protocol import Ouroboros
from oxios_ouroboros.regression import Regression, find_regressions
from oxios_ouroboros.repair import Trace
from oxios_ouroboros.seed import Criterion, Entity, NewId, Now, Seed, random_id, utc_now
from oxios_ouroboros.settings import ProtocolSettings

__version__ = "0.1.0"

__all__ = [
    "AssessInput",
    "AssessReply",
    "Assessment",
    "Check",
    "Clarity",
    "CommandCheck",
    "Complete",
    "CompletionFailed",
    "Complexity",
    "Criterion",
    "CrystallizeReply",
    "Dimension",
    "Entity",
    "Evaluation",
    "EvolveInput",
    "EvolveReply",
    "Examine",
    "Exchange",
    "FileCheck",
    "Generation",
    "Interview",
    "InterviewError",
    "InterviewInput",
    "InterviewReply",
    "JudgedCheck",
    "LateralPersona",
    "Lineage",
    "LineageError",
    "NewId",
    "Now",
    "Observation",
    "Ouroboros",
    "OuroborosError",
    "Phase",
    "Prompt",
    "ProtocolSettings",
    "Purpose",
    "Regression",
    "ReplyUnreadable",
    "ReviewInput",
    "ReviewReply",
    "ReviewedCriterion",
    "SchemaCheck",
    "Seed",
    "SettingsError",
    "Stage",
    "StagnationPattern",
    "Status",
    "StopReason",
    "Trace",
    "ValidateSchema",
    "Verdict",
    "__version__",
    "extract_json",
    "find_regressions",
    "find_stagnation",
    "random_id",
    "select_persona",
    "similarity",
    "stop_reason",
    "utc_now",
]
