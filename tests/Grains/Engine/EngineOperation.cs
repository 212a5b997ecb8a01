namespace Podflare.Engine;

/// <summary>What a host asks of its container engine. A fault's subject is the sandbox id, or the container id where only that is known.</summary>
public enum EngineOperation
{
    Start,
    PrepareEgress,
    Remove,
    List,
    SetCpuPriority,
    Ping,
    IsPaused,
    AllowHosts,
    Resize,
    Probe,
    WasKilledForMemory,
}
