namespace Podflare;

/// <summary>The attempts of one call.</summary>
internal sealed class CallLoop(Transport transport, ApiCall call)
{
    /// <summary>Whether an attempt may have taken effect on the server although its answer is not known.</summary>
    public bool MayHaveStarted { get; private set; }

    /// <param name="leaving">Set when the caller cancels. From then on, only a call that may have had an effect is retried.</param>
    public async Task<T> RunAsync<T>(Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken, CancellationToken leaving)
    {
        leaving.ThrowIfCancellationRequested();
        var options = transport.Options;
        var retries = new RetryBudget(options.MaxRetries, options, transport.Time, LogRetry);
        var failed = false;
        while (true)
        {
            try
            {
                failed = false;
                return await transport.AttemptAsync(call, read, cancellationToken).ConfigureAwait(false);
            }
            catch (PodflareException e)
            {
                failed = true;
                MayHaveStarted |= RetryPolicy.MayHaveStarted(e);
                if (!call.CanRetry || !RetryPolicy.IsRetryable(e) || !await TryWaitAsync(e).ConfigureAwait(false)) throw;
            }
            finally
            {
                // An attempt that was aborted has an unknown outcome.
                if (!failed) MayHaveStarted = true;
            }
        }

        async Task<bool> TryWaitAsync(PodflareException failure)
        {
            if (MayHaveStarted) return await retries.TryWaitAsync(failure, cancellationToken).ConfigureAwait(false);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, leaving);
            return await retries.TryWaitAsync(failure, either.Token).ConfigureAwait(false);
        }

        void LogRetry(PodflareException failure, TimeSpan pause, int retry) =>
            Log.Retrying(transport.Logger, call.Method.Method, call.Path, Sentence.End(failure.Message), (long)pause.TotalMilliseconds, retry, options.MaxRetries);
    }
}
