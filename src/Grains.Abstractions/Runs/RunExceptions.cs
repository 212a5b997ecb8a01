namespace Podflare.Runs;

/// <summary>The run was started without standard input, or its end was sent.</summary>
[GenerateSerializer, Alias("podflare.StdinClosedException")]
public sealed class StdinClosedException() : PodflareException("the standard input of the run is closed");

/// <summary>The run has ended, so it accepts no more input, signals or sizes.</summary>
[GenerateSerializer, Alias("podflare.RunEndedException")]
public sealed class RunEndedException() : PodflareException("the run has ended");

/// <summary>The bytes do not follow what the sandbox has accepted of the run's standard input.</summary>
/// <param name="offset">Bytes that were accepted so far.</param>
[GenerateSerializer, Alias("podflare.StdinOffsetException")]
public sealed class StdinOffsetException(long offset) : PodflareException($"the run's standard input continues at offset {offset}")
{
    /// <summary>Bytes that were accepted so far.</summary>
    [Id(0)]
    public long Offset { get; } = offset;
}

/// <summary>Too many bytes wait to be read by the run. Safe to retry with an offset.</summary>
/// <param name="offset">Bytes that were accepted so far.</param>
[GenerateSerializer, Alias("podflare.StdinFullException")]
public sealed class StdinFullException(long offset) : PodflareException("too many bytes wait for the run to read its standard input; retry the request")
{
    /// <summary>Bytes that were accepted so far.</summary>
    [Id(0)]
    public long Offset { get; } = offset;
}

/// <summary>The run has made no such call of a tool.</summary>
[GenerateSerializer, Alias("podflare.ToolCallNotFoundException")]
public sealed class ToolCallNotFoundException() : PodflareException("the run has made no such tool call");

/// <summary>The call of a tool timed out, its code no longer waits for an answer, or its run has ended.</summary>
[GenerateSerializer, Alias("podflare.ToolCallClosedException")]
public sealed class ToolCallClosedException() : PodflareException("the tool call was closed before it was answered: it timed out, the code no longer waits for it, or the run has ended");

/// <summary>The run has no terminal.</summary>
[GenerateSerializer, Alias("podflare.NotATerminalException")]
public sealed class NotATerminalException() : PodflareException("the run has no terminal");

/// <summary>The path that a run should watch does not exist.</summary>
[GenerateSerializer, Alias("podflare.WatchPathNotFoundException")]
public sealed class WatchPathNotFoundException() : PodflareException("the path to watch does not exist");

/// <summary>There are more folders below the path than one run can watch.</summary>
[GenerateSerializer, Alias("podflare.WatchTooLargeException")]
public sealed class WatchTooLargeException() : PodflareException("there are more folders below the path than one run can watch; watch a part of it");
