"""Envoy's `Authorization/Check`: protobuf in, protobuf out, and never a doubtful yes."""

from typing import Any

import grpc.aio
from envoy.service.auth.v3 import external_auth_pb2_grpc
from google.protobuf.message import Message

from ignis.auth import answers
from ignis.auth.gate import Call, Gate
from ignis.auth.metrics import AuthMetrics
from ignis.errors import IgnisError, Unavailable
from ignis.server.context import REQUEST_ID_HEADER, request_id
from ignis.server.identity import IdentitySigner
from ignis.server.logs import get_logger

SERVICE = "envoy.service.auth.v3.Authorization"
REST_PATH_HEADER = "x-envoy-original-path"  # set by the gateway's transcoder

Context = grpc.aio.ServicerContext[Any, Any]

log = get_logger()


class Authorization(external_auth_pb2_grpc.AuthorizationServicer):
    """Answers the gateway."""

    def __init__(self, gate: Gate, signer: IdentitySigner, metrics: AuthMetrics) -> None:
        self._gate = gate
        self._signer = signer
        self._metrics = metrics

    async def Check(  # noqa: N802 - named by the proto
        self,
        request: Any,  # noqa: ANN401 - a CheckRequest; Envoy's messages come without types
        _: Context,
    ) -> Message:
        """Allow a request, with its identity, or deny it, with the reason."""
        http = request.attributes.request.http
        request_id.set(http.headers.get(REQUEST_ID_HEADER) or request_id.get())
        call = Call(
            path=http.path.partition("?")[0],
            rest_path=http.headers.get(REST_PATH_HEADER, ""),
            api_key=http.headers.get("x-api-key", ""),
            authorization=http.headers.get("authorization", ""),
        )
        try:
            return await self._allow(call)
        except IgnisError as error:
            return self._deny(call, error)
        except Exception:  # whatever it was, nobody is let in by a defect
            log.exception("unexpected error", path=call.path)
            self._metrics.errors.labels("check").inc()
            return self._deny(
                call, Unavailable("AUTH_UNAVAILABLE", "Nobody can be let in for now; try again.")
            )

    async def _allow(self, call: Call) -> Message:
        admission = await self._gate.admit(call)
        token = None if admission.identity is None else self._signer.sign(admission.identity)
        answer = answers.allowed(token, admission.limit)
        self._metrics.checks.labels("").inc()
        return answer

    def _deny(self, call: Call, error: IgnisError) -> Message:
        self._metrics.checks.labels(error.reason).inc()
        log.info("denied", reason=error.reason, path=call.path)
        return answers.denied(error)
