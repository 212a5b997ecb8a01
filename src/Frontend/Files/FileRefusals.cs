using Podflare.Problems;

namespace Podflare.Files;

/// <summary>Adds paths to refusals: those of the sandbox do not say which path they are about.</summary>
internal static class FileRefusals
{
    /// <summary>For a request whose path is in its URL.</summary>
    public static async ValueTask<object?> NamePathAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (FileRefusedException e)
        {
            throw new ProblemException(ExceptionMapper.OfFile(e, FilePathReader.Show(invocation.HttpContext)));
        }
    }

    /// <summary>For a request whose paths are in its body.</summary>
    public static async Task<T> NameAsync<T>(Func<Task<T>> call, FileOperation operation)
    {
        try
        {
            return await call();
        }
        catch (FileRefusedException e)
        {
            if (e.Refusal == FileRefusal.InvalidPath && operation.To is not null) throw ProblemException.Invalid("to", "must be a path that the sandbox accepts, and not inside from");
            var path = operation.To is { } to && e.Refusal is not (FileRefusal.NotFound or FileRefusal.NotAFile or FileRefusal.AccessDenied) ? to : operation.Path;
            throw new ProblemException(ExceptionMapper.OfFile(e, FilePathReader.Show(path)));
        }
    }
}
