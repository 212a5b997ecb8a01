namespace Podflare.Streaming;

/// <summary>The type of the grains that produce run streams; their key is the sandbox id.</summary>
internal sealed record RunProducer(GrainType Type);
