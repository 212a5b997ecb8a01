namespace Podflare.Webhooks;

/// <summary>The name of a webhook resolves to an address that is not allowed.</summary>
public sealed class AddressNotAllowedException() : IOException("the address is not on the public internet");
