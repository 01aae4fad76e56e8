"""NoSQL Workbench models that others have published: which fields each one has, with values of our own.

AWS publishes no schema of the format. Its Developer Guide ("Using NoSQL Workbench with this schema design")
offers the models of aws-dynamodb-examples for import, "already in the NoSQL Workbench model format".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EXAMPLES = "aws-samples/aws-dynamodb-examples: "
_PATTERNS = "aws-samples/amazon-dynamodb-design-patterns: "
_LABS = "aws-samples/amazon-dynamodb-labs: "

_AS_2019 = "Sep 23, 2019, 8:57 AM"
_AS_TODAY = "May 10, 2023, 04:43 PM"
_ISO = "2021-09-15T15:47:01.312Z"

_KEY: Mapping[str, Any] = {"AttributeName": "a", "AttributeType": "S"}
_BOTH: Mapping[str, Any] = {"PartitionKey": _KEY, "SortKey": _KEY}
_ACCESS: Mapping[str, Any] = {"DataAccess": {"MySql": {}}}
_SCALING: Mapping[str, Any] = {
    "ScalableTargetRequest": {"MinCapacity": 1, "MaxCapacity": 10, "ServiceRole": "r"},
    "ScalingPolicyConfiguration": {"TargetValue": 70},
}
_PROVISIONED: Mapping[str, Any] = {
    "BillingMode": "PROVISIONED",
    "ProvisionedCapacitySettings": {
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        "AutoScalingRead": _SCALING,
        "AutoScalingWrite": _SCALING,
    },
}
_ON_DEMAND: Mapping[str, Any] = {"BillingMode": "PAY_PER_REQUEST"}
_TYPED: Mapping[str, Any] = {"M": {"a": {"S": "b"}}}


def _table(*fields: Mapping[str, Any], kinds: str = "S", keys: Mapping[str, Any] = _BOTH) -> dict[str, Any]:
    """With these fields beside the name, the keys and attributes of these types."""
    others = [{"AttributeName": kind, "AttributeType": kind} for kind in kinds.split()]
    found: dict[str, Any] = {"TableName": "abc", "KeyAttributes": keys, "NonKeyAttributes": others}
    for more in fields:
        found |= more
    return found


def _items(*values: Mapping[str, Any]) -> dict[str, Any]:
    return {"TableData": [{"a": {"S": "b"}, "c": value} for value in values]}


def _indexes(*projections: str, keys: Mapping[str, Any] = _BOTH) -> dict[str, Any]:
    def body(kind: str) -> dict[str, Any]:
        named = {"NonKeyAttributes": ["a", "c"]} if kind == "INCLUDE" else {}
        projection = {"ProjectionType": kind} | named
        return {"IndexName": "i", "KeyAttributes": keys, "Projection": projection}

    return {"GlobalSecondaryIndexes": [body(kind) for kind in projections]}


def _facets(*values: Mapping[str, Any]) -> dict[str, Any]:
    alias = {"PartitionKeyAlias": "AccountId", "SortKeyAlias": "SubId#SKU"}
    facet = {"FacetName": "f", "KeyAttributeAlias": alias, "NonKeyAttributes": ["c"], **_ACCESS}
    return {"TableFacets": [facet | _items(*values)]}


def _model(tables: Sequence[Mapping[str, Any]], dates: str = _AS_TODAY, **metadata: str) -> dict[str, Any]:
    said = {"Author": "", "DateCreated": dates, "DateLastModified": dates, "Description": ""} | metadata
    return {"ModelName": "m", "ModelMetadata": said, "DataModel": [*tables]}


def _of_3(*tables: Mapping[str, Any], dates: str = _AS_TODAY) -> dict[str, Any]:
    return _model(tables, dates, AWSService="Amazon DynamoDB", Version="3.0")


def _of_2(*tables: Mapping[str, Any], dates: str = _AS_2019) -> dict[str, Any]:
    return _model(tables, dates, AWSService="Amazon DynamoDB", Version="2.0")


_PARTITION_ALONE = {"PartitionKey": _KEY}
_TEXT: Mapping[str, Any] = {"S": "b"}
_PLAIN_IN_MAP: Mapping[str, Any] = {"M": {"on": True, "left": {"x": 59}}}
_DEEP: Mapping[str, Any] = {"L": [_TYPED, {"N": "1"}]}
_BARE = {"TableName": "abc", "KeyAttributes": _BOTH, **_ACCESS, **_PROVISIONED}
_NEWEST: Mapping[str, Any] = {
    **_ACCESS, **_ON_DEMAND,
    "TableFacets": [], "SampleDataFormats": {"c": ["dataTypes", "String"], "d": ["identifiers", "Email"]},
}  # fmt: skip

PUBLISHED: Mapping[str, Any] = {
    _EXAMPLES + "ChatSystemSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("ALL"), _items(_TEXT)),
    ),
    _EXAMPLES + "ComplaintManagementSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("ALL"), _items({"SS": ["b", "c"]}), kinds="S SS"),
    ),
    _EXAMPLES + "ConnectedVehiclesSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _facets(_PLAIN_IN_MAP), kinds="S M"),
    ),
    _EXAMPLES + "GamePlayerProfilesSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _facets(_DEEP, {"M": _TYPED}), kinds="S M L"),
    ),
    _EXAMPLES + "RecurringPaymentsSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("INCLUDE"), _facets(_TYPED), kinds="S M N"),
    ),
    _EXAMPLES + "SessionManagementSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("ALL"), _items(_TEXT)),
    ),
    _EXAMPLES + "SocialNetworkSchema.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _items({"N": "1"}), kinds="S N"),
    ),
    _PATTERNS + "AnOnlineShop_5.json": _model([_table(_ACCESS, _items(_TYPED), kinds="S M")], Version="1.0"),
    _PATTERNS + "AnOnlineShop_facets.json": _model(
        [_table(_ACCESS, _indexes("ALL"), _facets(_TYPED), kinds="S M")], Version="1.0",
    ),
    _PATTERNS + "DeviceStateLog_7.json": _model(
        [_table(_ACCESS, _indexes("ALL"), _items(_TEXT))], Version="1.0",
    ),
    _LABS + "CartModel.json, first version": _model(
        [_table(_ACCESS, _indexes("ALL"), _items(_TEXT))], DateCreated="",
    ),
    _LABS + "CartModel.json": _of_2(_table(_ACCESS, _indexes("ALL"), _items(_TEXT))),
    _LABS + "BankModel.json": _of_2(
        _table(_ACCESS, _indexes("ALL"), _items(_TEXT)),
        _table(_ACCESS, _indexes("ALL", keys=_PARTITION_ALONE), _items(_TEXT)),
    ),
    _LABS + "Hotel Reservations.json": _of_2(
        _table(_indexes("ALL"), _items(_TEXT), {"ModelSchema": {}}, kinds="S S"), dates=_ISO,
    ),
    _LABS + "FlightsFares.json": _of_2(
        _table(_indexes("ALL"), _items(_TEXT), {"ModelSchema": {}, "SavedQuery": {}}, kinds="S S"),
        dates=_ISO,
    ),
    "aws-samples/sam-python-crud-sample: DataModel.json": _of_3(_BARE, dates="Dec 23, 2019, 7:12 PM"),
    "the Workbench's own Discussion Forum, of 2019": _model(
        [
            _table(_ACCESS, _items({"N": "2"}), kinds="S N", keys=_PARTITION_ALONE),
            _table(_ACCESS, _indexes("ALL"), _items(_TEXT)),
        ],
        dates=_AS_2019,
    ),
    "bcgov/parks-reso-api: DUP_DataModel.json": _of_3(
        _table(
            _ACCESS, _PROVISIONED, _indexes("ALL", "INCLUDE"), _items({"BOOL": True}, {"L": []}, _DEEP),
            kinds="S N BOOL L M",
        ),
    ),
    "trey-rosius/cdk_group_chat: group_chat.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("ALL"), _facets({"BOOL": True}), kinds="S BOOL"),
    ),
    "YoCodingJosh/nosql_workbench_json_reader: Oshiete.json": _of_3(
        _table(_ACCESS, _PROVISIONED, _indexes("ALL", keys=_PARTITION_ALONE), kinds="S BOOL"),
        _table(_ACCESS, _PROVISIONED, keys=_PARTITION_ALONE),
    ),
    "DeepikaSidda/Fair-Seat-Purchase: fair-seat-purchase.json": _of_3(
        _table(
            _ON_DEMAND, _indexes("INCLUDE", "KEYS_ONLY"), _items({"N": "1"}),
            {"TimeToLiveAttribute": "c"}, kinds="S N",
        ),
        dates="2025-01-01",
    ),
}  # fmt: skip
"""Where it is, and its shape."""

NEWEST: Mapping[str, Any] = {
    "an export of April 2025": _of_3(_table(_NEWEST, _indexes("ALL"), _items(_TEXT))),
    "an export of December 2025": _of_3(_table(_NEWEST, _indexes("ALL"), _items(), kinds="S M")),
}
"""The youngest exports in public READMEs; what the Workbench 3.20 of 2026 writes is not published yet."""
