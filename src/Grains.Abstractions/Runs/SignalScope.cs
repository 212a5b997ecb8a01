namespace Podflare.Runs;

/// <summary>Which processes of a run get a signal.</summary>
[GenerateSerializer, Alias("podflare.SignalScope")]
public enum SignalScope
{
    /// <summary>The process group of the run's process.</summary>
    Group,

    /// <summary>The run's process alone.</summary>
    Process,

    /// <summary>Every process that the run started, also after its end. For code in Python: the context's processes without its interpreter.</summary>
    All,
}
