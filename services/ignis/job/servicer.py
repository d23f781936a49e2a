"""gRPC in, gRPC out: `ignis.v1.JobService`."""

from collections.abc import Iterator
from typing import Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp

from ignis.errors import Violation, invalid
from ignis.job import codec
from ignis.job.health import HealthReport
from ignis.job.models import Filter, Status
from ignis.job.service import JobService
from ignis.job.validation import Request, RequestFile
from ignis.server.context import current_identity
from ignis.server.times import moment
from ignis.v1 import common_pb2, job_pb2, job_pb2_grpc

NAME = "ignis.v1.JobService"
DEFAULT_PRIORITY = 5

Context = grpc.aio.ServicerContext[Any, Any]


class JobServicer(job_pb2_grpc.JobServiceServicer):
    """Serves clients; protobuf goes no further than this module."""

    def __init__(self, service: JobService, health: HealthReport) -> None:
        self._service = service
        self._health = health

    async def GetHealth(
        self, request: job_pb2.GetHealthRequest, context: Context
    ) -> job_pb2.GetHealthResponse:
        """The state of Ignis; HTTP 503 when it can't work."""
        report = self._health.report()
        await self._health.send_status(report, context)
        return job_pb2.GetHealthResponse(data=report)

    async def GetApiHealth(
        self, request: job_pb2.GetApiHealthRequest, context: Context
    ) -> job_pb2.GetApiHealthResponse:
        """That the API answers."""
        return job_pb2.GetApiHealthResponse(data=job_pb2.ApiHealth(status="ok"))

    async def GetStatus(
        self, request: job_pb2.GetStatusRequest, context: Context
    ) -> job_pb2.GetStatusResponse:
        """Version, languages and limits."""
        report = self._health.report()
        limits = self._service.limits
        return job_pb2.GetStatusResponse(
            data=job_pb2.Status(
                status=report.status,
                version=report.version,
                languages=[
                    job_pb2.LanguageOffer(id=o.language, version=o.version, aliases=o.aliases)
                    for o in self._service.languages()
                ],
                default_limits=codec.limits(limits.default),
                maximum_limits=codec.limits(limits.maximum),
            )
        )

    async def Execute(
        self, request: job_pb2.ExecuteRequest, context: Context
    ) -> job_pb2.ExecuteResponse:
        """Post a program."""
        caller = current_identity()
        # The caller's nonce is the job's id: the gateway may repeat a request,
        # and the same nonce makes no second job.
        job = await self._service.execute(caller.user, caller.nonce, _request(request))
        return job_pb2.ExecuteResponse(data=codec.job(job))

    async def GetJob(
        self, request: job_pb2.GetJobRequest, context: Context
    ) -> job_pb2.GetJobResponse:
        """One job of the caller's."""
        job = await self._service.get(current_identity().user, request.job_id)
        return job_pb2.GetJobResponse(data=codec.job(job))

    async def ListJobs(
        self, request: job_pb2.ListJobsRequest, context: Context
    ) -> job_pb2.ListJobsResponse:
        """The caller's jobs."""
        owner = current_identity().user
        page, next_cursor = await self._service.page(
            owner, _filter(request), request.limit, request.cursor
        )
        return job_pb2.ListJobsResponse(
            data=[codec.job(job) for job in page],
            pagination=common_pb2.Pagination(
                limit=self._service.page_size(request.limit),
                count=len(page),
                next_cursor=next_cursor,
            ),
        )


def _request(request: job_pb2.ExecuteRequest) -> Request:
    return Request(
        language=request.language,
        code=request.code,
        files=[RequestFile(f.name, f.content, f.encoding) for f in request.files],
        stdin=request.stdin,
        args=list(request.args),
        env=dict(sorted(request.env.items())),
        compile_args=list(request.compile_args),
        limits={field.name: value for field, value in request.limits.ListFields()},
        wait=request.wait,
        priority=request.priority if request.HasField("priority") else DEFAULT_PRIORITY,
        idempotency_key=request.idempotency_key,
        labels=dict(sorted(request.labels.items())),
    )


def _filter(request: job_pb2.ListJobsRequest) -> Filter:
    if violations := list(_filter_violations(request)):
        raise invalid(violations)
    after, before = request.created_after, request.created_before
    return Filter(
        status=Status(request.status) if request.status else None,
        language=request.language or None,
        created_after=moment(after) if request.HasField("created_after") else None,
        created_before=moment(before) if request.HasField("created_before") else None,
    )


def _filter_violations(request: job_pb2.ListJobsRequest) -> Iterator[Violation]:
    if request.status and request.status not in set(Status):
        yield Violation("status", f"must be one of {', '.join(Status)}")
    if "\0" in request.language:
        yield Violation("language", "must be a language's id")
    if not _is_after_1970(request.created_after):
        yield Violation("created_after", "must be a time after 1970")
    if not _is_after_1970(request.created_before):
        yield Violation("created_before", "must be a time after 1970")


def _is_after_1970(written: Timestamp) -> bool:
    """Whether a time can bound ids, which know no earlier ones."""
    try:
        return moment(written).timestamp() >= 0
    except ValueError:
        return False
