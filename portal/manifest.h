/*
 * With a web app manifest (W3C Web Application Manifest), a browser offers to put the portal among
 * a telephone's apps, under the organisation's name. It works without the network no more than the
 * pages do: nothing of them is kept on the device.
 */
#ifndef POSTSEAL_PORTAL_MANIFEST_H
#define POSTSEAL_PORTAL_MANIFEST_H

#include "portal/request.h"

/* GET /manifest.webmanifest */
enum MHD_Result manifest_show(struct request *request);

#endif
