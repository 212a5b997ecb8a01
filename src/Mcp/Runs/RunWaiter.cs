using ModelContextProtocol;

namespace Podflare.Mcp;

/// <summary>Reads a run until it ends or the time is over, and reports its progress meanwhile.</summary>
internal sealed class RunWaiter(McpSettings settings, TimeProvider time)
{
    private const int MaxMessage = 200;

    /// <param name="progress">Null where nobody asks for it.</param>
    public async Task WaitAsync(IRunReader reader, RunOutput output, TimeSpan wait, Func<ProgressNotificationValue, CancellationToken, Task>? progress, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var reported = (Seq: output.LastSeq, At: began - (long)(settings.ProgressInterval.TotalSeconds * time.TimestampFrequency));
        while (output.End is null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var left = wait - time.GetElapsedTime(began);
            if (left < TimeSpan.Zero) left = TimeSpan.Zero;
            var isDue = progress is not null && output.LastSeq > reported.Seq;
            var untilDue = settings.ProgressInterval - time.GetElapsedTime(reported.At);
            if (isDue && untilDue <= TimeSpan.Zero)
            {
                reported = (output.LastSeq, time.GetTimestamp());
                await progress!(new ProgressNotificationValue { Progress = output.LastSeq, Message = Shorten(output.LastLine) }, cancellationToken);
                continue;
            }

            var events = await reader.NextAsync(isDue && untilDue < left ? untilDue : left, cancellationToken);
            if (events is null)
            {
                if (time.GetElapsedTime(began) >= wait) return;
                continue;
            }

            foreach (var e in events) output.Add(e);
            // A run that writes without end does not end the wait by itself.
            if (time.GetElapsedTime(began) >= wait) return;
        }
    }

    private static string Shorten(string line) => line.Length <= MaxMessage ? line : line[..(char.IsHighSurrogate(line[MaxMessage - 1]) ? MaxMessage - 1 : MaxMessage)];
}
