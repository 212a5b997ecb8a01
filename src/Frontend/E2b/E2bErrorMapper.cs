using Podflare.Problems;

namespace Podflare.E2b;

/// <summary>Names problems as E2B does.</summary>
internal static class E2bErrorMapper
{
    private const int BadGateway = StatusCodes.Status502BadGateway;

    /// <summary>Whether a problem says that the sandbox is not there (any more).</summary>
    public static bool IsGone(Problem problem) => problem.Code is "sandbox_not_found" or "sandbox_ended" or "sandbox_lost";

    /// <summary>A problem as the control plane and the file service report it.</summary>
    public static E2bError ToError(Problem problem, Exception? cause) => cause is E2bException e
        ? new E2bError(e.Status, e.Text, e.ErrorCode)
        : problem.Code switch
        {
            "sandbox_not_found" or "sandbox_ended" or "sandbox_lost" => new E2bError(StatusCodes.Status404NotFound, "sandbox not found", "sandbox_not_found"),
            "not_a_file" or "not_a_directory" => new E2bError(StatusCodes.Status400BadRequest, problem.Error, problem.Code),
            "invalid_request" when problem.Errors is { Any: true } errors => new E2bError(problem.Status, Describe(errors), problem.Code),
            _ => new E2bError(problem.Status, problem.Error, problem.Code),
        };

    /// <summary>A problem as remote procedure calls report it.</summary>
    public static RpcError ToRpc(Problem problem, Exception? cause) => cause switch
    {
        RpcException e => e.Error,
        E2bException e => new RpcError(CodeOf(e.Status), e.Text),
        _ => new RpcError(CodeOf(problem), problem is { Code: "invalid_request", Errors: { Any: true } errors } ? Describe(errors) : problem.Error),
    };

    /// <summary>The status of the response to a call that is not a stream.</summary>
    public static int StatusOf(string code) => code switch
    {
        "invalid_argument" or "failed_precondition" or "out_of_range" => StatusCodes.Status400BadRequest,
        "unauthenticated" => StatusCodes.Status401Unauthorized,
        "permission_denied" => StatusCodes.Status403Forbidden,
        "not_found" => StatusCodes.Status404NotFound,
        "already_exists" or "aborted" => StatusCodes.Status409Conflict,
        "resource_exhausted" => StatusCodes.Status429TooManyRequests,
        "canceled" => StatusCodes.Status499ClientClosedRequest,
        "unimplemented" => StatusCodes.Status501NotImplemented,
        "unavailable" => StatusCodes.Status503ServiceUnavailable,
        "deadline_exceeded" => StatusCodes.Status504GatewayTimeout,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static string CodeOf(Problem problem) => problem.Code switch
    {
        // As E2B answers a write to a closed pipe.
        "stdin_closed" => "internal",
        "run_ended" or "run_not_found" or "file_not_found" or "not_found" => "not_found",
        "file_exists" => "already_exists",
        "not_a_file" or "not_a_directory" or "not_a_terminal" or "invalid_request" or "method_not_allowed" or "unsupported_media_type" or "unsupported_encoding" => "invalid_argument",
        "disk_full" => "resource_exhausted",
        _ => CodeOf(problem.Status),
    };

    private static string CodeOf(int status) => status switch
    {
        400 => "invalid_argument",
        401 => "unauthenticated",
        403 => "permission_denied",
        404 => "not_found",
        408 or BadGateway or 503 => "unavailable",
        413 or 429 => "resource_exhausted",
        501 => "unimplemented",
        _ => "internal",
    };

    private static string Describe(FieldErrors errors) => string.Join("; ", errors.All.Select(error => $"{error.Key} {error.Value}"));
}
