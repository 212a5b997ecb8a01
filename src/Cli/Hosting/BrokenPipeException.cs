namespace Podflare.Cli.Hosting;

/// <summary>The reader of our output has closed it, as <c>head</c> does.</summary>
internal sealed class BrokenPipeException(IOException? inner = null) : Exception("The reader of the output has closed it.", inner);
