using Podflare.Streaming;

namespace Podflare.Runs;

/// <summary>One append with all that is needed to repeat it.</summary>
internal sealed record RingEntry(EventBatch Batch, ulong Frame, RunEnding? Ending);
