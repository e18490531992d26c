"""AWS IAM: roles, users, groups, managed policies, instance profiles.

Inline policies, attachments, memberships, access keys and login profiles are parts of their
role, user or group. Multi-factor devices, SSH keys, certificates, identity providers and the
account's settings are not read: what changes them leaves a run undecided.

Known limits: a seeded access key or password has another secret than the target's; version
numbers of a policy are kept up to 5 (the seeded versions are numbered anew above that).
"""

from __future__ import annotations

from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.iam_principals import GROUP, ROLE, USER, account_details
from executor.catalog.iam_settings import (
    create_instance_profile,
    create_policy,
    fill_instance_profile,
    filler_versions,
    instance_profile_settings,
    more_versions,
    policy_name,
    policy_settings,
)
from executor.catalog.policies import (
    admin_granted,
    narrowed,
)
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json


def _admin_spread(before: Json, after: Json) -> bool:
    old = before if isinstance(before, int) else 0
    return isinstance(after, int) and after > old


MANAGED_POLICY = ResourceType(
    type="AWS::IAM::ManagedPolicy",
    listing=account_details("LocalManagedPolicy", "Policies[?!contains(Arn, ':iam::aws:')]"),
    details=(Detail(operation="GetPolicy", params={"PolicyArn": "Arn"}, pick="Policy"),),
    id="Arn",
    name=policy_name,
    arn="Arn",
    handles=("PolicyId",),
    settings=policy_settings,
    birth={"id": "PolicyId", "created": "CreateDate"},
    tags="Tags",
    builtin="contains(Arn, ':iam::aws:')",
    seeds=(
        Seed(
            operation="CreatePolicy",
            params=create_policy,
            learn={"Arn": "Policy.Arn", "PolicyId": "Policy.PolicyId"},
            creates=True,
            optional=False,
        ),
        # What a stack made has its one version already.
        Seed(operation="CreatePolicyVersion", params=more_versions, creates=True),
        Seed(operation="DeletePolicyVersion", params=filler_versions, creates=True),
    ),
    operations=(
        *on(Verb.CREATE, "[params.PolicyName, response.Policy.Arn]", "CreatePolicy"),
        *on(Verb.DELETE, "params.PolicyArn", "DeletePolicy"),
        *on(
            Verb.UPDATE,
            "params.PolicyArn",
            "DeletePolicyVersion",
            "SetDefaultPolicyVersion",
            part="join(' ', ['version', params.VersionId])",
        ),
        *on(
            Verb.UPDATE,
            "params.PolicyArn",
            "CreatePolicyVersion",
            part="join(' ', ['version', response.PolicyVersion.VersionId])",
        ),
        *on(Verb.UPDATE, "params.PolicyArn", "TagPolicy", "UntagPolicy"),
        # Attaching changes the attachment count, which is a setting of administrators' policies.
        *on(
            Verb.UPDATE,
            "params.PolicyArn",
            *(
                f"{verb}{owner}Policy"
                for verb in ("Attach", "Detach")
                for owner in ("Role", "User", "Group")
            ),
        ),
    ),
    hazards=(
        HazardRule(field="PolicyDocument", hazard=Hazard.EXPOSURE, when=admin_granted),
        HazardRule(field="PolicyDocument", hazard=Hazard.DISRUPTION, when=narrowed),
        HazardRule(field="AdministratorAttachments", hazard=Hazard.EXPOSURE, when=_admin_spread),
    ),
)

INSTANCE_PROFILE = ResourceType(
    type="AWS::IAM::InstanceProfile",
    listing=Listing(operation="ListInstanceProfiles", items="InstanceProfiles[]"),
    # Listings of IAM leave out tags.
    details=(
        Detail(
            operation="GetInstanceProfile",
            params={"InstanceProfileName": "InstanceProfileName"},
            pick="InstanceProfile",
        ),
    ),
    id="InstanceProfileName",
    name="InstanceProfileName",
    arn="Arn",
    handles=("InstanceProfileId",),
    settings=instance_profile_settings,
    birth={"id": "InstanceProfileId", "created": "CreateDate"},
    tags="Tags",
    depends_on=("AWS::IAM::Role",),
    seeds=(
        Seed(
            operation="CreateInstanceProfile",
            params=create_instance_profile,
            learn={
                "Arn": "InstanceProfile.Arn",
                "InstanceProfileId": "InstanceProfile.InstanceProfileId",
            },
            creates=True,
            optional=False,
        ),
        Seed(
            operation="AddRoleToInstanceProfile",
            params=fill_instance_profile,
            tolerate=frozenset({"LimitExceeded"}),
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            "[params.InstanceProfileName, response.InstanceProfile.Arn]",
            "CreateInstanceProfile",
        ),
        *on(Verb.DELETE, "params.InstanceProfileName", "DeleteInstanceProfile"),
        *on(
            Verb.UPDATE,
            "params.InstanceProfileName",
            "AddRoleToInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            part="join(' ', ['role', params.RoleName])",
        ),
        *on(
            Verb.UPDATE, "params.InstanceProfileName", "TagInstanceProfile", "UntagInstanceProfile"
        ),
    ),
    hazards=(HazardRule(field="Roles", hazard=Hazard.DISRUPTION, when=lost),),
)

_REPORT = "prepares a report about what is there; changes nothing"

SERVICE = Service(
    name="iam",
    types=(MANAGED_POLICY, ROLE, GROUP, USER, INSTANCE_PROFILE),
    is_global=True,
    harmless={
        "GenerateCredentialReport": _REPORT,
        "GenerateOrganizationsAccessReport": _REPORT,
        "GenerateServiceLastAccessedDetails": _REPORT,
        "SimulateCustomPolicy": "evaluates policies it is given; changes nothing",
        "SimulatePrincipalPolicy": "evaluates policies; changes nothing",
    },
)
