"""Operations that are reported as another service's, or refused; each with its reason.

The sweep holds this list to the letter: what is listed and is told correctly fails as well.
"""

from __future__ import annotations

# Service -> (the service that is reported, the operations), the operation's name being the
# same. These share a signing name, an address and a shape of parameters with a sibling.
_TAGS = "ListTagsForResource TagResource UntagResource"
EVERYWHERE: dict[str, tuple[str, str]] = {
    # RDS's API under RDS's own host; nothing tells them apart.
    "docdb": ("rds", "*"),
    "neptune": ("rds", "*"),
    # An older name of one API.
    "pinpoint-sms-voice": ("sms-voice", "*"),
    "signer-data": ("signer", "GetRevocationStatus"),
    # Successors under their predecessor's host.
    "greengrassv2": (
        "greengrass",
        "AssociateServiceRoleToAccount DisassociateServiceRoleFromAccount GetConnectivityInfo"
        f" GetServiceRoleForAccount UpdateConnectivityInfo {_TAGS}",
    ),
    "lambda-microvms": ("lambda", "ListTags TagResource UntagResource"),
    "qconnect": (
        "wisdom",
        "CreateAssistant CreateAssistantAssociation CreateContent CreateKnowledgeBase"
        " CreateQuickResponse CreateSession DeleteAssistant DeleteAssistantAssociation"
        " DeleteContent DeleteImportJob DeleteKnowledgeBase DeleteQuickResponse GetAssistant"
        " GetAssistantAssociation GetContent GetContentSummary GetImportJob GetKnowledgeBase"
        " GetQuickResponse GetRecommendations GetSession ListAssistantAssociations"
        " ListAssistants ListContents ListImportJobs ListKnowledgeBases ListQuickResponses"
        " NotifyRecommendationsReceived QueryAssistant RemoveKnowledgeBaseTemplateUri"
        " SearchContent SearchQuickResponses SearchSessions StartContentUpload StartImportJob"
        f" UpdateContent UpdateKnowledgeBaseTemplateUri UpdateQuickResponse {_TAGS}",
    ),
}
# The same, where only AWS's host names tell them apart.
AT_OTHER_HOSTS: dict[str, tuple[str, str]] = {
    "bedrock-agent-runtime": ("bedrock-agent", _TAGS),
    "bedrock-data-automation": ("bedrock", _TAGS),
    "chime-sdk-identity": ("chime-sdk-voice", _TAGS),
    "chime-sdk-media-pipelines": ("chime-sdk-voice", _TAGS),
    "chime-sdk-meetings": ("chime-sdk-voice", _TAGS),
    "chime-sdk-messaging": ("chime-sdk-voice", _TAGS),
    "chime-sdk-voice": (
        "chime",
        "BatchDeletePhoneNumber CreatePhoneNumberOrder DeletePhoneNumber GetGlobalSettings"
        " GetPhoneNumber GetPhoneNumberOrder GetPhoneNumberSettings ListPhoneNumberOrders"
        " ListPhoneNumbers ListSupportedPhoneNumberCountries RestorePhoneNumber"
        " SearchAvailablePhoneNumbers UpdateGlobalSettings UpdatePhoneNumber"
        " UpdatePhoneNumberSettings",
    ),
    "ivs-realtime": ("ivs", _TAGS),
    "lex-models": ("lexv2-models", "ListTagsForResource UntagResource"),
    "timestream-query": ("timestream-write", f"DescribeEndpoints {_TAGS}"),
}
# Botocore itself takes both names; the one that is not deprecated is reported, and a body in
# the old form is refused. Only its host tells a list of directory buckets from one of buckets.
RENAMED = {
    "s3": {
        "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
        "GetBucketNotification": "GetBucketNotificationConfiguration",
        "ListDirectoryBuckets": "ListBuckets",
        "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
        "PutBucketNotification": "PutBucketNotificationConfiguration",
    }
}
# Refused. Lex's two versions share these addresses, and the longer one is the second's.
# Object Lambda answers at hosts of its own, which are not taken for S3's.
REFUSED = {
    ("lex-models", "StartImport"),
    ("lex-models", "TagResource"),
    ("s3", "WriteGetObjectResponse"),
}
# Botocore's serializer adds a content type that nobody asked for.
ADDED = {("bedrock-agentcore", "InvokeAgentRuntimeCommand"): {"contentType"}}
# Refused: addresses that these operations had in the release that the AWS CLI vendors.
MOVED = {
    "geo-maps": "GetGlyphs GetSprites GetStaticMap GetStyleDescriptor GetTile",
    "sesv2": "ListConfigurationSets ListEmailIdentities",
}


def listed(service: str, operation: str) -> set[tuple[str, str] | None]:
    """Return what an operation may be reported as instead; None is: refused."""
    found: set[tuple[str, str] | None] = set()
    for table in (EVERYWHERE, AT_OTHER_HOSTS):
        sibling, operations = table.get(service, ("", ""))
        if operations == "*" or operation in operations.split():
            found.add((sibling, operation))
    if operation in RENAMED.get(service, {}):
        found |= {(service, RENAMED[service][operation]), None}
    if (service, operation) in REFUSED:
        found.add(None)
    return found
