"""Glue: jobs, crawlers and triggers. What they run is not rehearsed.

Values of a job's arguments are shown as digests, since they may hold secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from executor.catalog.declarations import HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.glue_tables import tagged, tags
from executor.catalog.raw import table, text
from executor.catalog.shaping import Params, deep_given, given, tag_map
from executor.catalog.weakening import lost, turned_off
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ARGUMENTS = ("DefaultArguments", "NonOverridableArguments")
_JOB = (
    "Description",
    "Role",
    "Command",
    "Connections",
    "ExecutionProperty",
    "ExecutionClass",
    "GlueVersion",
    "JobMode",
    "JobRunQueuingEnabled",
    "LogUri",
    "MaintenanceWindow",
    "MaxRetries",
    "NotificationProperty",
    "NumberOfWorkers",
    "SecurityConfiguration",
    "SourceControlDetails",
    "Timeout",
    "WorkerType",
)
# A job is updated as a whole.
_RESETS: Mapping[str, JsonObject] = {
    f"JobUpdate.{name}": {name: None}
    for name in (
        "Description",
        "Connections",
        "LogUri",
        "MaintenanceWindow",
        "SecurityConfiguration",
        "SourceControlDetails",
        *_ARGUMENTS,
    )
}


def _job(raw: JsonObject) -> Json:
    arguments = {
        key: {name: _digest(str(value)) for name, value in table(raw, key).items()}
        for key in _ARGUMENTS
        if table(raw, key)
    }
    capacity = given(raw, "MaxCapacity") if not raw.get("WorkerType") else {}
    found = {key: deep_given(value) for key, value in given(raw, *_JOB).items()}
    return {**found, **capacity, **arguments}


def _digest(value: str) -> str:
    return "sha256:" + hashlib.sha256(value.encode()).hexdigest()


def _create_job(raw: JsonObject, data: DataMark | None) -> Params:
    capacity = given(raw, "MaxCapacity") if not raw.get("WorkerType") else {}
    options = given(raw, "Name", *_JOB, *_ARGUMENTS)
    yield {**options, **capacity, "Tags": tag_map(raw)}


JOB = ResourceType(
    type="AWS::Glue::Job",
    listing=Listing(operation="GetJobs", items="Jobs[]"),
    details=(tags("job"),),
    id="Name",
    name="Name",
    address="arn:{partition}:glue:{region}:{account}:job/{id}",
    settings=_job,
    birth={"created": "CreatedOn"},
    tags="Tags",
    depends_on=("AWS::IAM::Role",),
    seeds=(Seed(operation="CreateJob", params=_create_job, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateJob"),
        *on(Verb.DELETE, "params.JobName", "DeleteJob"),
        *on(Verb.UPDATE, "params.JobName", "UpdateJob", resets=_RESETS),
        *on(
            Verb.UPDATE,
            "params.JobName",
            "BatchStopJobRun",
            part="params.JobRunIds[].join(' ', ['run', @])",
            hazard=Hazard.DISRUPTION,
        ),
        # What was done is done again.
        *on(
            Verb.UPDATE,
            "params.JobName",
            "ResetJobBookmark",
            part="'bookmark'",
            hazard=Hazard.DATA_LOSS,
        ),
        *on(Verb.UPDATE, tagged("job"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(
            field="SecurityConfiguration",
            hazard=Hazard.PROTECTION_LOSS,
            when=lambda before, after: not after,
        ),
        HazardRule(field="Connections.Connections", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="keys(DefaultArguments)", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

_CRAWLER = (
    "Role",
    "Targets",
    "DatabaseName",
    "Description",
    "Classifiers",
    "RecrawlPolicy",
    "SchemaChangePolicy",
    "LineageConfiguration",
    "LakeFormationConfiguration",
    "TablePrefix",
    "Configuration",
    "CrawlerSecurityConfiguration",
)


def _crawler(raw: JsonObject) -> Json:
    schedule = table(raw, "Schedule")
    expression = text(schedule, "ScheduleExpression") or None
    return {
        **{key: deep_given(value) for key, value in given(raw, *_CRAWLER).items()},
        "Schedule": expression,
        "Scheduled": bool(expression) and schedule.get("State") != "NOT_SCHEDULED",
    }


def _create_crawler(raw: JsonObject, data: DataMark | None) -> Params:
    expression = text(table(raw, "Schedule"), "ScheduleExpression")
    yield {
        **{key: deep_given(value) for key, value in given(raw, "Name", *_CRAWLER).items()},
        **({"Schedule": expression} if expression else {}),
        "Tags": tag_map(raw),
    }


def _deletes_what_is_gone(before: Json, after: Json) -> bool:
    return after == "DELETE_FROM_DATABASE"


CRAWLER = ResourceType(
    type="AWS::Glue::Crawler",
    listing=Listing(operation="GetCrawlers", items="Crawlers[]"),
    details=(tags("crawler"),),
    id="Name",
    name="Name",
    address="arn:{partition}:glue:{region}:{account}:crawler/{id}",
    settings=_crawler,
    birth={"created": "CreationTime"},
    tags="Tags",
    depends_on=("AWS::Glue::Database",),
    seeds=(Seed(operation="CreateCrawler", params=_create_crawler, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateCrawler"),
        *on(Verb.DELETE, "params.Name", "DeleteCrawler"),
        *on(Verb.UPDATE, "params.Name", "UpdateCrawler"),
        *on(
            Verb.UPDATE,
            "params.CrawlerName",
            "StartCrawlerSchedule",
            "StopCrawlerSchedule",
            "UpdateCrawlerSchedule",
            part="'schedule'",
        ),
        *on(Verb.UPDATE, "params.Name", "StopCrawler", part="'run'", hazard=Hazard.DISRUPTION),
        *on(Verb.UPDATE, tagged("crawler"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="Scheduled", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(
            field="SchemaChangePolicy.DeleteBehavior",
            hazard=Hazard.DATA_LOSS,
            when=_deletes_what_is_gone,
        ),
        HazardRule(field="keys(Targets)", hazard=Hazard.DISRUPTION, when=lost),
    ),
)

_TRIGGER = (
    "Type",
    "Description",
    "Schedule",
    "Actions",
    "Predicate",
    "WorkflowName",
    "EventBatchingCondition",
)
_WAITING = ("CREATED", "DEACTIVATED")
# A trigger is updated as a whole, too.
_TRIGGER_RESETS: Mapping[str, JsonObject] = {
    f"TriggerUpdate.{name}": {name: None}
    for name in ("Description", "Schedule", "Actions", "Predicate", "EventBatchingCondition")
}


def _trigger(raw: JsonObject) -> Json:
    return {
        **{key: deep_given(value) for key, value in given(raw, *_TRIGGER).items()},
        "Active": raw.get("State") not in _WAITING,
    }


def _create_trigger(raw: JsonObject, data: DataMark | None) -> Params:
    at_once = raw.get("Type") != "ON_DEMAND" and raw.get("State") not in _WAITING
    yield {
        **{key: deep_given(value) for key, value in given(raw, "Name", *_TRIGGER).items()},
        "StartOnCreation": at_once,
        "Tags": tag_map(raw),
    }


TRIGGER = ResourceType(
    type="AWS::Glue::Trigger",
    listing=Listing(operation="GetTriggers", items="Triggers[]"),
    details=(tags("trigger"),),
    id="Name",
    name="Name",
    address="arn:{partition}:glue:{region}:{account}:trigger/{id}",
    settings=_trigger,
    tags="Tags",
    depends_on=("AWS::Glue::Job", "AWS::Glue::Crawler"),
    seeds=(Seed(operation="CreateTrigger", params=_create_trigger, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, "params.Name", "CreateTrigger"),
        *on(Verb.DELETE, "params.Name", "DeleteTrigger"),
        *on(Verb.UPDATE, "params.Name", "StopTrigger"),
        *on(Verb.UPDATE, "params.Name", "UpdateTrigger", resets=_TRIGGER_RESETS),
        *on(Verb.UPDATE, tagged("trigger"), "TagResource", "UntagResource", part="'tags'"),
    ),
    hazards=(
        HazardRule(field="Active", hazard=Hazard.DISRUPTION, when=turned_off),
        HazardRule(field="Actions[].JobName", hazard=Hazard.DISRUPTION, when=lost),
        HazardRule(field="Actions[].CrawlerName", hazard=Hazard.DISRUPTION, when=lost),
    ),
)
