namespace Podflare.Cli.Hosting;

/// <summary>Whoever read our output has left, as <c>head</c> does.</summary>
internal sealed class ReaderLeftException(IOException? inner = null) : Exception("Nobody reads the output any more.", inner);
