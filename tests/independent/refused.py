"""What the independent client does not get through with, and why."""

from collections.abc import Mapping
from typing import Final

_BINARY: Final = "it cannot send: its model of an image has no `payload`, which its code sends"
_UNDEFINED: Final = "it cannot be imported: its module names `Unset` without importing it"
_NOT_MADE: Final = "nothing makes one: it needs an identity provider, see `post_auth_saml_idp`"
_NO_PERSON: Final = "the sandbox recognizes no faces, and iconik lets nobody make a person"
_NO_QUEUE: Final = "the sandbox's work is done at once, so that no record of it waits"
_NOT_LISTED: Final = "the documents do not say how a list of them relates to one"
_UNDER_WAY: Final = "takes the id of an upload that is under way; the tests of transfers have it"

#: By the name of its method.
REFUSED: Final[Mapping[str, str]] = {
    "delete_auth_saml_idp_by_identity_provider": _NOT_MADE,
    "delete_billing_by_system_domain_by_billing": _NOT_LISTED,
    "delete_billing_price_lists_by_name_by_currency": _NOT_LISTED,
    "delete_face_recognition_person": _NO_PERSON,
    "delete_face_recognition_person_asset_version": _NO_PERSON,
    "delete_face_recognition_person_bulk": _NO_PERSON,
    "delete_storage_deletion": _NO_QUEUE,
    "delete_storage_transcode_by_record": _NO_QUEUE,
    "delete_storage_transfers_from_by_transfer": _NO_QUEUE,
    "delete_storage_transfers_to_by_transfer": _NO_QUEUE,
    "get_asset_keyframe": "it reads a file, as published by mistake; iconik answers a keyframe",
    "get_auth_saml_idp_by_identity_provider": _NOT_MADE,
    "get_billing_price_lists_by_name_by_currency": _NOT_LISTED,
    "get_collection_full_path": "it reads JSON, and the answer is a text",
    "get_face_recognition_person": _NO_PERSON,
    "get_face_recognition_person_face_image_url": _NO_PERSON,
    "get_face_recognition_person_versions": _NO_PERSON,
    "get_storage_gateways_telemetry_by_worker": _NOT_LISTED,
    "get_storage_transcode_by_record": _NO_QUEUE,
    "get_storage_transfers_from_by_transfer": _NO_QUEUE,
    "get_storage_transfers_to_by_transfer": _NO_QUEUE,
    "patch_auth_saml_idp_by_identity_provider": _NOT_MADE,
    "patch_face_recognition_person": _NO_PERSON,
    "post_asset_file_multipart_b2_cancel": _UNDER_WAY,
    "post_asset_file_multipart_b2_finish": _UNDER_WAY,
    "post_auth_saml_idp": _UNDEFINED,
    "post_auth_saml_idp_convert": _BINARY,
    "post_face_recognition_person_asset_version_change_person": _NO_PERSON,
    "post_face_recognition_person_asset_version_confirm_person": _NO_PERSON,
    "post_face_recognition_person_confirm_person": _NO_PERSON,
    "post_face_recognition_person_merge_by_new_person": _NO_PERSON,
    "post_face_recognition_person_reindex": _NO_PERSON,
    "post_face_recognition_person_update_and_confirm": _NO_PERSON,
    "post_group_logo": _BINARY,
    "post_portal_logo": _BINARY,
    "post_registrations": "it reads a password, which iconik takes and never answers",
    "post_search_natural_v2": "it cannot send a full body: it leaves plain data in its model",
    "post_system_domain_logo": _BINARY,
    "post_team_logo": _BINARY,
    "post_user_photo": _BINARY,
    "post_users_current_photo": _BINARY,
    "put_auth_saml_idp_by_identity_provider": _NOT_MADE,
    "put_face_recognition_person": _NO_PERSON,
}
