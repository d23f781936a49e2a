"""gRPC in, gRPC out: `ignis.v1.ExecutorService`, for the other services of Ignis."""

from typing import Any

import grpc.aio

from ignis.executor.announcer import Announcements
from ignis.executor.service import Executor
from ignis.v1 import executor_pb2, executor_pb2_grpc

NAME = "ignis.v1.ExecutorService"

Context = grpc.aio.ServicerContext[Any, Any]


class ExecutorServicer(executor_pb2_grpc.ExecutorServiceServicer):
    """Serves the private network."""

    def __init__(self, announcements: Announcements, executor: Executor) -> None:
        self._announcements = announcements
        self._executor = executor

    async def Describe(
        self, request: executor_pb2.DescribeRequest, context: Context
    ) -> executor_pb2.DescribeResponse:
        """What this executor is and offers."""
        return executor_pb2.DescribeResponse(executor=self._announcements.describe())

    async def Cancel(
        self, request: executor_pb2.CancelRequest, context: Context
    ) -> executor_pb2.CancelResponse:
        """End a job that runs here."""
        self._executor.cancel(request.job_id)
        return executor_pb2.CancelResponse()
